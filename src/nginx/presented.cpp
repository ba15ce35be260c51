#include "edgerun/nginx/presented.h"

#include <algorithm>
#include <new>
#include <optional>

#include "edgerun/nginx/request_headers.h"
#include "edgerun/text/ascii.h"

namespace edgerun::nginx {

namespace {

/// The credential behind "Bearer"; nullopt if another scheme or none is used.
/// An empty one is a bad one.
std::optional<std::string_view> bearerOf(const ngx_http_request_t* r) {
    const ngx_table_elt_t* header = r->headers_in.authorization;
    if (header == nullptr) {
        return std::nullopt;
    }
    constexpr std::string_view kScheme = "bearer";
    const std::string_view value = loop::view(header->value);
    if (!text::equalsIgnoringCase(value.substr(0, kScheme.size()), kScheme)) {
        return std::nullopt;
    }
    std::string_view token = value.substr(kScheme.size());
    if (token.empty() || token.front() != ' ') {
        return token.empty() ? std::optional<std::string_view>(token) : std::nullopt;
    }
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    return token;
}

void addFound(Presented& presented, Presented::Kind kind, std::string_view text) {
    const bool isFirst = presented.kind == Presented::Kind::None;
    presented = isFirst ? Presented{kind, text} : Presented{Presented::Kind::Several, {}};
}

Presented::Kind kindOfBearer(bool takesTokens, bool takesKeys, std::string_view text) {
    const bool isToken = std::count(text.begin(), text.end(), '.') == 2;
    return takesTokens && (isToken || !takesKeys) ? Presented::Kind::Token
                                                  : Presented::Kind::ApiKey;
}

/// NGINX itself answers 400 to a second Authorization header.
void addBearer(const ngx_http_request_t* r, const Authentication& methods, Presented& presented) {
    const bool takesTokens = methods.verifier && methods.token == nullptr;
    const bool takesKeys = methods.apiKeys != nullptr;
    const auto bearer = takesTokens || takesKeys ? bearerOf(r) : std::nullopt;
    if (bearer) {
        addFound(presented, kindOfBearer(takesTokens, takesKeys, *bearer), *bearer);
    }
}

}  // namespace

std::string_view valueOf(ngx_http_request_t* r, ngx_http_complex_value_t* value) {
    ngx_str_t text = ngx_null_string;
    if (value != nullptr && ngx_http_complex_value(r, value, &text) != NGX_OK) {
        throw std::bad_alloc();
    }
    return loop::view(text);
}

Presented presentedBy(ngx_http_request_t* r, const Authentication& methods) {
    Presented presented;
    addBearer(r, methods, presented);
    if (methods.token != nullptr) {
        const std::string_view token = valueOf(r, methods.token);
        if (!token.empty()) {
            addFound(presented, Presented::Kind::Token, token);
        }
    }
    if (methods.apiKeys != nullptr) {
        // The header that Anthropic's clients send.
        forEachHeader(r, "x-api-key", [&](std::string_view key) {
            addFound(presented, Presented::Kind::ApiKey, key);
        });
    }
    if (presented.kind == Presented::Kind::None && methods.identity != nullptr) {
        const std::string_view user = valueOf(r, methods.identity->user);
        if (!user.empty()) {
            addFound(presented, Presented::Kind::Identity, user);
        }
    }
    return presented;
}

}  // namespace edgerun::nginx
