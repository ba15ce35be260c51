#include "edgerun/nginx/held_call.h"
#include "edgerun/nginx/job_response.h"
#include "edgerun/nginx/preferences.h"
#include "edgerun/nginx/query_arguments.h"

namespace edgerun::nginx {

namespace {

/// What a GET asks for.
struct Wanted {
    store::JobId id{};
    store::Steps steps = store::Steps::Without;
    std::uint64_t wait = 0;  ///< ms
};

ngx_int_t showNow(const JobCall& call, const Wanted& wanted) {
    const auto job = readJob(call, wanted.id, wanted.steps);
    if (!job) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!isThere(job->view)) {
        return refuseUnknown(call, wanted.id);
    }
    if (wanted.wait > 0 && !addWaitApplied(call.r, wanted.wait)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return respondShown(call, wanted.id, *job);
}

/// A client that waits for the job to change.
class LongPoll final : public HeldCall {
public:
    LongPoll(const JobCall& call, const Wanted& wanted, std::uint64_t version)
        : HeldCall(call.r, call.jobs), wanted_(wanted), version_(version) {
        limitTo(wanted.wait);
    }

private:
    ngx_int_t proceed(const JobCall& call) override {
        const bool isToWait = !isOverdue() && awaitChange(call, wanted_.id) && isUnchanged(call);
        return isToWait ? stay() : showNow(call, wanted_);
    }

    bool isUnchanged(const JobCall& call) const {
        const auto view = glanceAt(call, wanted_.id);
        return isThere(view) && view.version == version_;
    }

    Wanted wanted_;
    std::uint64_t version_;
};

/// Has the client seen the job as it is, which may change yet?
bool isWorthWaiting(const JobCall& call, const store::JobView& view) {
    // While a body is on its way, NGINX reads from the connection, and cannot tell us that the
    // client has left.
    return isThere(view) && !run::isFinal(view.status) &&
           knownVersion(call.r, view.version) != Known::No && !call.r->discard_body;
}

/// False if it asks for what there is not.
bool readInclude(std::string_view arguments, store::Steps& steps) {
    for (const QueryArgument& argument : readQueryArguments(arguments)) {
        if (argument.name != "include") {
            continue;
        }
        if (argument.value != "steps") {
            return false;
        }
        steps = store::Steps::With;
    }
    return true;
}

}  // namespace

ngx_int_t showJob(const JobCall& call) {
    const auto id = jobIdOf(call);
    if (!id) {
        return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such job");
    }
    Wanted wanted{*id, store::Steps::Without, wishesOf(call).wait};
    if (!readInclude(loop::view(call.r->args), wanted.steps)) {
        return refuse(call.r, NGX_HTTP_BAD_REQUEST, "\"include\" must be \"steps\"");
    }
    if (wanted.wait > 0) {
        const auto view = glanceAt(call, *id);
        if (isWorthWaiting(call, view)) {
            return makeHeld<LongPoll>(call, wanted, view.version).begin(call);
        }
    }
    return showNow(call, wanted);
}

}  // namespace edgerun::nginx
