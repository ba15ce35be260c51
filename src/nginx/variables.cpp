#include "edgerun/nginx/variables.h"

#include <array>
#include <string>
#include <string_view>

#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/gate.h"
#include "edgerun/nginx/request_context.h"
#include "edgerun/nginx/response_headers.h"

namespace edgerun::nginx {

namespace {

/// Empty when there is nothing to tell.
using Read = std::string (*)(ngx_http_request_t* r);

std::string readUser(ngx_http_request_t* r) {
    const auth::Identity* identity = identityOf(r);
    return identity != nullptr ? identity->user : std::string();
}

std::string readRole(ngx_http_request_t* r) {
    const auth::Identity* identity = identityOf(r);
    return identity != nullptr ? auth::joinList(identity->roles) : std::string();
}

std::string readModules(ngx_http_request_t* r) {
    const auth::Identity* identity = identityOf(r);
    return identity != nullptr ? auth::joinList(identity->modules) : std::string();
}

std::string readJobId(ngx_http_request_t* r) {
    const RequestContext* context = knownContextOf(r);
    return context != nullptr ? context->jobId : std::string();
}

std::string readJobStatus(ngx_http_request_t* r) {
    const RequestContext* context = knownContextOf(r);
    return context != nullptr ? std::string(context->jobStatus) : std::string();
}

std::string readError(ngx_http_request_t* r) {
    const RequestContext* context = knownContextOf(r);
    return context != nullptr ? std::string(context->errorName) : std::string();
}

struct Entry {
    std::string_view name;
    Read read;
};

constexpr std::array<Entry, 6> kEntries{{
    {"edgerun_user", readUser},
    {"edgerun_role", readRole},
    {"edgerun_modules", readModules},
    {"edgerun_job_id", readJobId},
    {"edgerun_job_status", readJobStatus},
    {"edgerun_error", readError},
}};

ngx_int_t getVariable(ngx_http_request_t* r, ngx_http_variable_value_t* v,
                      uintptr_t index) noexcept {
    return contain<ngx_int_t>(r->connection->log, NGX_ERROR, [&]() -> ngx_int_t {
        const ngx_str_t text = copyToPool(r, kEntries[index].read(r));
        if (text.data == nullptr) {
            return NGX_ERROR;
        }
        v->data = text.data;
        v->len = static_cast<unsigned>(text.len);
        v->valid = 1;
        v->no_cacheable = 0;
        v->not_found = text.len == 0;
        return NGX_OK;
    });
}

}  // namespace

ngx_int_t addVariables(ngx_conf_t* cf) noexcept {
    for (std::size_t i = 0; i < kEntries.size(); i++) {
        const std::string_view text = kEntries[i].name;
        ngx_str_t name = loop::asNgx(text);
        // Not cacheable: a job's id is not known yet when a rewrite asks.
        ngx_http_variable_t* variable = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
        if (variable == nullptr) {
            return NGX_ERROR;
        }
        variable->get_handler = getVariable;
        variable->data = i;
    }
    return NGX_OK;
}

}  // namespace edgerun::nginx
