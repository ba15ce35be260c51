#include "edgerun/nginx/challenge.h"

#include <string>

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/request_context.h"
#include "edgerun/nginx/response_headers.h"

namespace edgerun::nginx {

namespace {

constexpr std::string_view kDefaultRealm = "edgerun";

/// A quoted-string (RFC 9110 section 5.6.4).
std::string quotedString(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

/// Empty where a variable brought what may not stand in a header.
std::string_view moreOf(ngx_http_request_t* r, const LocationConf& conf) {
    ngx_str_t more = ngx_null_string;
    ngx_http_complex_value_t* value = conf.challenge.value_or(nullptr);
    if (value == nullptr || ngx_http_complex_value(r, value, &more) != NGX_OK ||
        !isPrintable(loop::view(more))) {
        return {};
    }
    return loop::view(more);
}

/// Takes back the one that we gave before an error_page led here. Its place in
/// the list may have become another header's.
void dropFormer(RequestContext& context, const ngx_table_elt_t* header) {
    ngx_table_elt_t* former = context.challenge;
    if (former != nullptr && former != header && former->key.data == header->key.data) {
        former->hash = 0;
    }
}

}  // namespace

bool addChallenge(ngx_http_request_t* r, const LocationConf& conf, std::string_view error) {
    const std::string_view realm =
        conf.usesJwt() ? std::string_view(conf.jwt->realm) : kDefaultRealm;
    std::string value = "Bearer realm=" + quotedString(realm);
    if (!error.empty()) {
        value += ", error=" + quotedString(error);
    }
    if (const std::string_view more = moreOf(r, conf); !more.empty()) {
        value += ", " + std::string(more);
    }
    RequestContext* context = contextOf(r);
    ngx_table_elt_t* header = addHeader(r, "WWW-Authenticate", value);
    if (context == nullptr || header == nullptr) {
        return false;
    }
    dropFormer(*context, header);
    context->challenge = header;
    // In NGINX's own slot, so that it takes the header back when `satisfy any`
    // is satisfied otherwise.
    r->headers_out.www_authenticate = header;
    return true;
}

}  // namespace edgerun::nginx
