#include "edgerun/engine/job_json.h"
#include "edgerun/nginx/job_calls.h"
#include "edgerun/nginx/json_response.h"
#include "edgerun/nginx/list_query.h"
#include "edgerun/nginx/response_headers.h"
#include "edgerun/text/json.h"

namespace edgerun::nginx {

namespace {

std::string render(const store::JobList& list) {
    std::string jobs = "[";
    for (const store::ListedJob& job : list.jobs) {
        jobs += jobs.size() > 1 ? "," : "";
        jobs += engine::renderSummary(store::formatJobId(job.id), job.record);
    }
    jobs += ']';

    std::string out;
    text::JsonObjectWriter json(out);
    json.raw("jobs", jobs);
    json.boolean("hasMore", list.hasMore);
    if (list.hasMore) {
        json.string("next", store::formatJobId(list.next));
    }
    json.finish();
    return out;
}

}  // namespace

ngx_int_t listJobs(const JobCall& call) {
    const auto read = readListQuery(loop::view(call.r->args));
    if (const auto* fault = std::get_if<BadListQuery>(&read)) {
        return refuse(call.r, NGX_HTTP_BAD_REQUEST, fault->message);
    }
    const auto& query = std::get<ListQuery>(read);
    const auto list = call.runner.arena().list(call.owner, query.after, query.status, query.limit,
                                               ngx_current_msec);
    const ngx_str_t body = copyToPool(call.r, render(list));
    if (body.data == nullptr || !addHeader(call.r, "Cache-Control", "private, no-store")) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return sendJson(call.r, NGX_HTTP_OK, loop::view(body));
}

}  // namespace edgerun::nginx
