#include "edgerun/run/record.h"

namespace edgerun::run {

const char* nameOf(JobStatus status) {
    switch (status) {
        case JobStatus::Pending:
            return "PENDING";
        case JobStatus::Running:
            return "RUNNING";
        case JobStatus::RequiresAction:
            return "REQUIRES_ACTION";
        case JobStatus::Completed:
            return "COMPLETED";
        case JobStatus::Failed:
            return "FAILED";
        case JobStatus::Cancelled:
            return "CANCELLED";
    }
    return "UNKNOWN";
}

}  // namespace edgerun::run
