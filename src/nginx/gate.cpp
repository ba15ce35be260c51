#include "edgerun/nginx/gate.h"

#include "edgerun/nginx/authentication.h"
#include "edgerun/nginx/challenge.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/key_wait.h"
#include "edgerun/nginx/response_headers.h"

namespace edgerun::nginx {

namespace {

constexpr std::uint64_t kRetryWithoutKeys = 5;  // seconds

/// All refusals of a status look alike from outside, whatever the reason.
ngx_int_t refuseCredential(ngx_http_request_t* r, const LocationConf& conf,
                           std::string_view error) {
    return addChallenge(r, conf, error) ? refuse(r, NGX_HTTP_UNAUTHORIZED)
                                        : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t refuseSeveral(ngx_http_request_t* r, const LocationConf& conf) {
    return addChallenge(r, conf, "invalid_request")
               ? refuse(r, NGX_HTTP_BAD_REQUEST, "more than one credential was presented")
               : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t forbid(ngx_http_request_t* r, const LocationConf& conf, const std::string& message) {
    return addChallenge(r, conf, "insufficient_scope") ? refuse(r, NGX_HTTP_FORBIDDEN, message)
                                                       : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

std::string joined(const std::vector<std::string>& names, std::string_view last) {
    std::string out;
    for (std::size_t i = 0; i < names.size(); i++) {
        if (i > 0) {
            out += i + 1 == names.size() ? " " + std::string(last) + " " : std::string(", ");
        }
        out += names[i];
    }
    return out;
}

ngx_int_t checkEntitlements(ngx_http_request_t* r, const LocationConf& conf,
                            const auth::Identity& identity) {
    if (!conf.demands()) {
        return NGX_OK;
    }
    if (conf.requiredRoles && !conf.requiredRoles->empty() &&
        !auth::hasAnyRole(identity, *conf.requiredRoles)) {
        return forbid(r, conf, "the role " + joined(*conf.requiredRoles, "or") + " is required");
    }
    if (conf.requiredModules) {
        const auto missing = auth::firstMissingModule(identity, *conf.requiredModules);
        if (!missing.empty()) {
            return forbid(r, conf, "the module " + std::string(missing) + " is required");
        }
    }
    return NGX_OK;
}

ngx_int_t checkCaller(ngx_http_request_t* r, const LocationConf& conf, const auth::Caller& caller) {
    switch (caller.standing) {
        case auth::Standing::Good:
            return checkEntitlements(r, conf, caller.identity);
        case auth::Standing::Unknown:
            return refuse(r, NGX_HTTP_NOT_FOUND, "there is no such user");
        case auth::Standing::Disabled:
            return refuse(r, NGX_HTTP_FORBIDDEN, "the user is disabled");
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t refuseWithoutKeys(ngx_http_request_t* r) {
    if (!addRetryAfter(r, kRetryWithoutKeys)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, "credentials cannot be checked now");
}

ngx_int_t decide(ngx_http_request_t* r, const LocationConf& conf, const RequestContext& context) {
    switch (context.credential) {
        case Credential::Verified:
            return checkCaller(r, conf, *context.caller);
        case Credential::Refused:
            return refuseCredential(r, conf, "invalid_token");
        case Credential::Absent:
        case Credential::Unchecked:
            return refuseCredential(r, conf, "");
        case Credential::Several:
            return refuseSeveral(r, conf);
        case Credential::Pending:
            return NGX_AGAIN;
        case Credential::Unavailable:
            return refuseWithoutKeys(r);
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t passOrWait(ngx_http_request_t* r) {
    const ngx_int_t rc = passGate(r);
    if (rc != NGX_AGAIN) {
        return rc;
    }
    const RequestContext& context = *existingContextOf(r);
    return waitForKeys(r, context.awaitedKeys, *context.keysAskedAt);
}

}  // namespace

ngx_int_t gateHandler(ngx_http_request_t* r) noexcept {
    return contain<ngx_int_t>(r->connection->log, NGX_HTTP_INTERNAL_SERVER_ERROR,
                              [r] { return passOrWait(r); });
}

ngx_int_t passGate(ngx_http_request_t* r) {
    const LocationConf& conf = locationConfOf(r);
    if (!conf.isGated()) {
        return NGX_DECLINED;
    }
    RequestContext* context = contextOf(r);
    if (context == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!conf.authenticates()) {
        // A server's own level, which nginx -t leaves to its locations.
        return refuseCredential(r, conf, "");
    }
    authenticate(r, *conf.authentication, *context);
    return decide(r, conf, *context);
}

ngx_int_t passSubrequest(ngx_http_request_t* r) {
    if (r == r->main) {
        return NGX_OK;
    }
    const ngx_int_t rc = passGate(r);
    if (rc == NGX_AGAIN) {
        return refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, "credentials cannot be checked now");
    }
    return rc == NGX_DECLINED ? NGX_OK : rc;
}

const auth::Caller* callerOf(ngx_http_request_t* r) {
    const LocationConf& conf = locationConfOf(r);
    if (!conf.authenticates()) {
        return nullptr;
    }
    RequestContext* context = contextOf(r);
    if (context == nullptr || context->isBeingChecked) {
        return nullptr;
    }
    authenticate(r, *conf.authentication, *context);
    const bool isKnown = context->credential == Credential::Verified &&
                         context->caller->standing == auth::Standing::Good;
    return isKnown ? context->caller.get() : nullptr;
}

}  // namespace edgerun::nginx
