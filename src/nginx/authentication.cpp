#include "edgerun/nginx/authentication.h"

#include <limits>

#include "edgerun/auth/jwt_verifier.h"
#include "edgerun/engine/clocks.h"
#include "edgerun/nginx/presented.h"
#include "edgerun/nginx/worker.h"

namespace edgerun::nginx {

namespace {

double unixNow() {
    const ngx_time_t* time = ngx_timeofday();
    return static_cast<double>(time->sec) + static_cast<double>(time->msec) / 1000;
}

const MainConf& mainConfOf(ngx_http_request_t* r) {
    return *static_cast<const MainConf*>(ngx_http_get_module_main_conf(r, ngx_http_edgerun_module));
}

Credential refused(ngx_http_request_t* r, const char* what, const char* reason) {
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "edgerun: %s refused: %s", what, reason);
    return Credential::Refused;
}

/// May a key that we do not have (yet) be what the token lacks?
bool isAboutKeys(auth::TokenProblem problem, bool isIncomplete) {
    return problem == auth::TokenProblem::UnknownKey ||
           (isIncomplete && (problem == auth::TokenProblem::WrongAlgorithm ||
                             problem == auth::TokenProblem::BadSignature));
}

Credential hopeFor(const VerifierKeys& keys, RequestContext& context) {
    if (!context.keysAskedAt) {
        context.keysAskedAt = engine::fetchNow();
    }
    Credential found = Credential::Refused;
    context.awaitedKeys.clear();
    // All are asked, so that all fetches begin at once.
    for (engine::RemoteKeys* source : keys.sources()) {
        switch (source->hopeFor(*context.keysAskedAt)) {
            case engine::KeyHope::Coming:
                context.awaitedKeys.push_back(source);
                found = Credential::Pending;
                break;
            case engine::KeyHope::Unavailable:
                found = found == Credential::Refused ? Credential::Unavailable : found;
                break;
            case engine::KeyHope::None:
                break;
        }
    }
    return found;
}

void applyDirectory(ngx_http_request_t* r, auth::Caller& caller) {
    if (const auto& users = mainConfOf(r).users) {
        users->apply(caller);
    }
}

Credential verifyToken(ngx_http_request_t* r, std::size_t verifier, std::string_view token,
                       RequestContext& context) {
    Worker* worker = workerFor(r);
    if (worker == nullptr) {
        return refused(r, "token", "this process has no keys");  // fails closed
    }
    const double now = unixNow();
    VerifierKeys& keys = worker->keysOf(verifier);
    const bool isIncomplete = keys.refresh();
    context.caller = worker->tokens().find(keys.number(), token, now);
    if (context.caller != nullptr) {
        return Credential::Verified;
    }
    const auth::TokenPolicy& policy = mainConfOf(r).verifiers[verifier].policy;
    auto verdict = auth::verifyToken(token, keys.keys(), policy, now);
    if (const auto* problem = std::get_if<auth::TokenProblem>(&verdict)) {
        const Credential found =
            isAboutKeys(*problem, isIncomplete) ? hopeFor(keys, context) : Credential::Refused;
        return found == Credential::Refused ? refused(r, "token", auth::describe(*problem)) : found;
    }
    auto& caller = std::get<auth::Caller>(verdict);
    applyDirectory(r, caller);
    context.caller = std::make_shared<const auth::Caller>(std::move(caller));
    worker->tokens().insert(keys.number(), token, context.caller);
    return Credential::Verified;
}

Credential checkApiKey(ngx_http_request_t* r, const auth::ApiKeys& keys, std::string_view key,
                       RequestContext& context) {
    context.caller = keys.find(key);
    if (context.caller == nullptr) {
        return refused(r, "API key", "unknown or disabled");
    }
    if (!context.caller->validity.holds(unixNow())) {
        context.caller = nullptr;
        return refused(r, "API key", "past its not_after");
    }
    return Credential::Verified;
}

Credential takeIdentity(ngx_http_request_t* r, const IdentityVariables& variables,
                        std::string_view user, RequestContext& context) {
    auth::Caller caller;
    auth::Identity& identity = caller.identity;
    identity.user = user;
    if (!auth::isUserName(identity.user) ||
        !auth::addCommaSeparated(identity.roles, valueOf(r, variables.role)) ||
        !auth::addCommaSeparated(identity.modules, valueOf(r, variables.modules))) {
        return refused(r, "identity", "user, role or modules not usable");
    }
    identity.owner = auth::ownerKeyOf(identity.user);
    caller.validity.expires = std::numeric_limits<double>::infinity();
    applyDirectory(r, caller);
    context.caller = std::make_shared<const auth::Caller>(std::move(caller));
    return Credential::Verified;
}

Credential check(ngx_http_request_t* r, const Authentication& methods, const Presented& presented,
                 RequestContext& context) {
    switch (presented.kind) {
        case Presented::Kind::None:
            return Credential::Absent;
        case Presented::Kind::Several:
            return Credential::Several;
        case Presented::Kind::Token:
            return verifyToken(r, *methods.verifier, presented.text, context);
        case Presented::Kind::ApiKey:
            return checkApiKey(r, *methods.apiKeys, presented.text, context);
        case Presented::Kind::Identity:
            return takeIdentity(r, *methods.identity, presented.text, context);
    }
    return Credential::Refused;
}

/// Meanwhile, $edgerun_user and the like are empty: a variable that a method
/// reads may lead back to them.
class Checking {
public:
    explicit Checking(RequestContext& context) : context_(context) {
        context_.isBeingChecked = true;
    }
    ~Checking() { context_.isBeingChecked = false; }
    Checking(const Checking&) = delete;
    Checking& operator=(const Checking&) = delete;

private:
    RequestContext& context_;
};

}  // namespace

void authenticate(ngx_http_request_t* r, const Authentication& methods, RequestContext& context) {
    if (context.authentication == &methods) {
        return;
    }
    const Checking checking(context);
    // What was known is gone, also if this ends early for want of memory.
    context.authentication = nullptr;
    context.credential = Credential::Unchecked;
    context.caller = nullptr;
    const Presented presented = presentedBy(r, methods);
    context.credential = check(r, methods, presented, context);

    const bool mayChange = presented.kind == Presented::Kind::Identity ||
                           presented.kind == Presented::Kind::None ||
                           context.credential == Credential::Pending;
    context.authentication = mayChange ? nullptr : &methods;
}

}  // namespace edgerun::nginx
