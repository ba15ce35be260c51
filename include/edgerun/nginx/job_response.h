#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edgerun/nginx/job_calls.h"

namespace edgerun::nginx {

struct FoundJob {
    store::JobView view;
    std::string_view body;  ///< in the request's pool
};

/// Status and version alone; JobView::Found::No as for readJob().
store::JobView glanceAt(const JobCall& call, const store::JobId& id);
/// The job's JSON as well; nullopt for want of memory.
std::optional<FoundJob> readJob(const JobCall& call, const store::JobId& id,
                                store::Steps steps = store::Steps::Without);

inline bool isThere(const store::JobView& view) {
    return view.found != store::JobView::Found::No;
}

/// For the variables.
void noteJob(ngx_http_request_t* r, const store::JobId& id, const store::JobView& view);

/// 404, 410, or 503 while the job may still be found.
ngx_int_t refuseUnknown(const JobCall& call, const store::JobId& id);

// --- answers; each returns what a handler returns ---

/// To GET: 200 with the job, or 304.
ngx_int_t respondShown(const JobCall& call, const store::JobId& id, const FoundJob& job);

/// To a submission: 200 if the job is final, 202 otherwise; and where it is.
ngx_int_t respondSubmitted(const JobCall& call, const store::JobId& id, const FoundJob& job);

/// To an order that was carried out: 200.
ngx_int_t respondOrdered(const JobCall& call, const store::JobId& id, const FoundJob& job);

/// mode=sync, of a final job: 200 with the job, or its error; 202 of one whose client has to call
/// tools.
ngx_int_t respondSync(const JobCall& call, const store::JobId& id, const FoundJob& job);

/// Location and ETag, on an answer that is not the job itself.
bool addWhereabouts(const JobCall& call, const store::JobId& id, std::uint64_t version);

}  // namespace edgerun::nginx
