#include "edgerun/nginx/gate.h"

#include <strings.h>

#include "edgerun/auth/jwt_verifier.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/response_headers.h"
#include "edgerun/nginx/worker.h"

namespace edgerun::nginx {

namespace {

double unixNow() {
    const ngx_time_t* time = ngx_timeofday();
    return static_cast<double>(time->sec) + static_cast<double>(time->msec) / 1000;
}

/// The credential of RFC 6750 section 2.1; nullopt if another scheme or none
/// is used. An empty token is a bad one.
std::optional<std::string_view> bearerToken(const ngx_http_request_t* r) {
    const ngx_table_elt_t* header = r->headers_in.authorization;
    if (header == nullptr) {
        return std::nullopt;
    }
#if (nginx_version >= 1023000)
    if (header->next != nullptr) {
        return std::string_view{};  // which of them counts is not for us to guess
    }
#endif
    constexpr std::string_view kScheme = "bearer";
    const std::string_view value = loop::view(header->value);
    if (value.size() < kScheme.size() ||
        strncasecmp(value.data(), kScheme.data(), kScheme.size()) != 0) {
        return std::nullopt;
    }
    std::string_view token = value.substr(kScheme.size());
    if (token.empty() || token.front() != ' ') {
        return token.empty() ? std::optional<std::string_view>(token) : std::nullopt;
    }
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    return token;
}

void verify(ngx_http_request_t* r, Worker& worker, const LocationConf& conf,
            RequestContext& context, std::string_view token) {
    const double now = unixNow();
    const std::size_t verifier = *conf.verifier;
    context.claims = worker.tokens().find(verifier, token, now);
    if (context.claims == nullptr) {
        const auto& main = *static_cast<const MainConf*>(
            ngx_http_get_module_main_conf(r, ngx_http_edgerun_module));
        auto verdict =
            auth::verifyToken(token, worker.keysOf(verifier), main.verifiers[verifier].policy, now);
        if (const auto* problem = std::get_if<auth::TokenProblem>(&verdict)) {
            ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "edgerun: token refused: %s",
                          auth::describe(*problem));
            context.credential = Credential::Refused;
            return;
        }
        context.claims =
            std::make_shared<const auth::Caller>(std::move(std::get<auth::Caller>(verdict)));
        worker.tokens().insert(verifier, token, context.claims);
    }
    context.credential = Credential::Verified;
}

/// Fills in the context's credential, once for each verifier: a request may
/// come into another location after the first question.
void identify(ngx_http_request_t* r, const LocationConf& conf, RequestContext& context) {
    if (context.credential != Credential::Unchecked && context.verifier == conf.verifier) {
        return;
    }
    context.verifier = conf.verifier;
    context.claims = nullptr;
    const auto token = bearerToken(r);
    if (!token) {
        context.credential = Credential::Absent;
        return;
    }
    Worker* worker = currentWorker();
    if (worker == nullptr || !conf.verifier) {
        // Fails closed.
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "edgerun: no key to verify a token with");
        context.credential = Credential::Refused;
        return;
    }
    verify(r, *worker, conf, context, *token);
}

std::string escapeQuoted(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out;
}

/// RFC 6750 section 3. In NGINX's own slot, so that it takes the header back
/// when `satisfy any` is satisfied otherwise.
bool challenge(ngx_http_request_t* r, const LocationConf& conf, std::string_view error) {
    std::string value = "Bearer realm=\"" + escapeQuoted(conf.jwt->realm) + '"';
    if (!error.empty()) {
        value += ", error=\"" + std::string(error) + '"';
    }
    r->headers_out.www_authenticate = addHeader(r, "WWW-Authenticate", value);
    return r->headers_out.www_authenticate != nullptr;
}

ngx_int_t forbid(ngx_http_request_t* r, const LocationConf& conf, const std::string& message) {
    if (!challenge(r, conf, "insufficient_scope")) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return refuse(r, NGX_HTTP_FORBIDDEN, message);
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
    if (conf.requiredRoles && !auth::hasAnyRole(identity, *conf.requiredRoles)) {
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

}  // namespace

ngx_int_t gateHandler(ngx_http_request_t* r) noexcept {
    return contain<ngx_int_t>(r->connection->log, NGX_HTTP_INTERNAL_SERVER_ERROR,
                              [r] { return passGate(r); });
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
        return refuse(r, NGX_HTTP_UNAUTHORIZED);  // refused by nginx -t already
    }
    identify(r, conf, *context);
    switch (context->credential) {
        case Credential::Verified:
            return checkEntitlements(r, conf, context->claims->identity);
        case Credential::Refused:
            return challenge(r, conf, "invalid_token") ? refuse(r, NGX_HTTP_UNAUTHORIZED)
                                                       : NGX_HTTP_INTERNAL_SERVER_ERROR;
        case Credential::Absent:
        case Credential::Unchecked:
            return challenge(r, conf, "") ? refuse(r, NGX_HTTP_UNAUTHORIZED)
                                          : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return NGX_HTTP_UNAUTHORIZED;
}

const auth::Identity* identityOf(ngx_http_request_t* r) {
    const LocationConf& conf = locationConfOf(r);
    if (!conf.authenticates()) {
        return nullptr;
    }
    RequestContext* context = contextOf(r);
    if (context == nullptr) {
        return nullptr;
    }
    identify(r, conf, *context);
    return context->credential == Credential::Verified ? &context->claims->identity : nullptr;
}

}  // namespace edgerun::nginx
