#include "edgerun/nginx/job_request.h"
#include "edgerun/nginx/order_call.h"
#include "edgerun/nginx/tool_outputs.h"
#include "edgerun/text/json.h"

namespace edgerun::nginx {

namespace {

/// Does the job show one of the calls that the outputs are for?
bool showsCallOf(std::string_view body, const run::ToolOutputs& outputs) {
    const auto job = text::parseJson(body, {body.size()});
    const json_t* calls =
        json_object_get(json_object_get(job.get(), "requiredAction"), "toolCalls");
    for (std::size_t i = 0; i < json_array_size(calls); i++) {
        const auto id = text::stringMember(json_array_get(calls, i), "id");
        for (const run::ToolOutput& output : outputs.outputs) {
            if (id == output.id) {
                return true;
            }
        }
    }
    return false;
}

class OutputsCall final : public OrderCall {
public:
    OutputsCall(const JobCall& call, const store::JobId& id, run::ToolOutputs outputs)
        : OrderCall(call, id, "the outputs cannot be taken now"), outputs_(std::move(outputs)) {}

private:
    engine::Order ask(const JobCall& call, engine::OrderListener& listener) override {
        return call.runner.giveOutputs(call.owner, id(), outputs_, listener);
    }

    std::optional<ngx_int_t> respond(const JobCall& call) override {
        const auto job = readJob(call, id());
        if (!job) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        if (!isThere(job->view)) {
            return refuseUnknown(call, id());
        }
        if (job->view.status == run::JobStatus::RequiresAction &&
            showsCallOf(job->body, outputs_)) {
            return std::nullopt;
        }
        if (isLost()) {
            return refuse(call.r, NGX_HTTP_CONFLICT, kMisfit);
        }
        return respondOrdered(call, id(), *job);
    }

    run::ToolOutputs outputs_;
};

ngx_int_t giveOutputs(const JobCall& call) {
    const auto body = collectBody(call.r);
    if (!body) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    auto read = readToolOutputs(*body);
    if (const auto* fault = std::get_if<BadSubmission>(&read)) {
        return refuse(call.r, NGX_HTTP_BAD_REQUEST, fault->message);
    }
    return beginOrder<OutputsCall>(call, std::move(std::get<run::ToolOutputs>(read)));
}

}  // namespace

ngx_int_t takeToolOutputs(ngx_http_request_t* r) {
    return hasJsonBody(r) ? afterBody<giveOutputs>(r) : refuse(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE);
}

}  // namespace edgerun::nginx
