#include "edgerun/nginx/variables.h"

#include <array>
#include <string>
#include <string_view>

#include "edgerun/auth/claims.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/gate.h"
#include "edgerun/nginx/request_context.h"
#include "edgerun/nginx/response_headers.h"

namespace edgerun::nginx {

namespace {

/// Empty when there is nothing to tell.
using Read = std::string (*)(ngx_http_request_t* r);

std::string readUser(ngx_http_request_t* r) {
    const auth::Caller* caller = callerOf(r);
    return caller != nullptr ? caller->identity.user : std::string();
}

std::string readRole(ngx_http_request_t* r) {
    const auth::Caller* caller = callerOf(r);
    return caller != nullptr ? auth::joinList(caller->identity.roles) : std::string();
}

std::string readModules(ngx_http_request_t* r) {
    const auth::Caller* caller = callerOf(r);
    return caller != nullptr ? auth::joinList(caller->identity.modules) : std::string();
}

std::string readLimit(ngx_http_request_t* r) {
    const auth::Caller* caller = callerOf(r);
    return caller != nullptr && caller->identity.limit ? std::to_string(*caller->identity.limit)
                                                       : std::string();
}

std::string readJobId(ngx_http_request_t* r) {
    const RequestContext* context = knownContextOf(r);
    return context != nullptr ? context->jobId : std::string();
}

std::string readJobStatus(ngx_http_request_t* r) {
    const RequestContext* context = knownContextOf(r);
    return context != nullptr ? std::string(context->jobStatus) : std::string();
}

std::string readTokens(ngx_http_request_t* r) {
    const RequestContext* context = knownContextOf(r);
    return context != nullptr && context->jobTokens >= 0 ? std::to_string(context->jobTokens)
                                                         : std::string();
}

std::string readError(ngx_http_request_t* r) {
    const RequestContext* context = knownContextOf(r);
    return context != nullptr ? std::string(context->errorName) : std::string();
}

constexpr std::string_view kClaimPrefix = "edgerun_claim_";

struct Entry {
    std::string_view name;
    Read read;
};

constexpr std::array<Entry, 8> kEntries{{
    {"edgerun_user", readUser},
    {"edgerun_role", readRole},
    {"edgerun_modules", readModules},
    {"edgerun_limit", readLimit},
    {"edgerun_job_id", readJobId},
    {"edgerun_job_status", readJobStatus},
    {"edgerun_tokens", readTokens},
    {"edgerun_error", readError},
}};

ngx_int_t setValue(ngx_http_request_t* r, ngx_http_variable_value_t* v, std::string_view value) {
    const ngx_str_t text = copyToPool(r, value);
    if (text.data == nullptr) {
        return NGX_ERROR;
    }
    v->data = text.data;
    v->len = static_cast<unsigned>(text.len);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = text.len == 0;
    return NGX_OK;
}

ngx_int_t getVariable(ngx_http_request_t* r, ngx_http_variable_value_t* v,
                      uintptr_t index) noexcept {
    return contain<ngx_int_t>(r->connection->log, NGX_ERROR,
                              [&] { return setValue(r, v, kEntries[index].read(r)); });
}

/// `name` is the variable's whole name, in lower case as NGINX has it.
ngx_int_t getClaim(ngx_http_request_t* r, ngx_http_variable_value_t* v, uintptr_t name) noexcept {
    return contain<ngx_int_t>(r->connection->log, NGX_ERROR, [&] {
        std::string_view claim = loop::view(*reinterpret_cast<const ngx_str_t*>(name));
        claim.remove_prefix(kClaimPrefix.size());
        const auth::Caller* caller = callerOf(r);
        const bool hasClaims = caller != nullptr && !caller->payload.empty();
        return setValue(r, v, hasClaims ? auth::claimText(caller->payload, claim) : std::string());
    });
}

ngx_int_t addVariable(ngx_conf_t* cf, std::string_view text, ngx_uint_t kind,
                      ngx_http_get_variable_pt get, std::size_t data) {
    ngx_str_t name = loop::asNgx(text);
    // Not cacheable: a job's id is not known yet when a rewrite asks.
    ngx_http_variable_t* variable =
        ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE | kind);
    if (variable == nullptr) {
        return NGX_ERROR;
    }
    variable->get_handler = get;
    variable->data = data;
    return NGX_OK;
}

}  // namespace

ngx_int_t addVariables(ngx_conf_t* cf) noexcept {
    for (std::size_t i = 0; i < kEntries.size(); i++) {
        if (addVariable(cf, kEntries[i].name, 0, getVariable, i) != NGX_OK) {
            return NGX_ERROR;
        }
    }
    return addVariable(cf, kClaimPrefix, NGX_HTTP_VAR_PREFIX, getClaim, 0);
}

}  // namespace edgerun::nginx
