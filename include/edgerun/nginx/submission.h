#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "edgerun/store/job_request.h"

namespace edgerun::nginx {

struct BadSubmission {
    std::string message;  ///< for the client
};

/// Reads {"query": TEXT, "threadId"?: ID, "metadata"?: {NAME: TEXT}}. A longer
/// query is cut after `maxQuery` code points. `provider`, `assistant` and
/// `user` are left to the caller.
std::variant<store::JobRequest, BadSubmission> readSubmission(std::string_view body,
                                                              std::size_t maxQuery);

}  // namespace edgerun::nginx
