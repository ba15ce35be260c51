#include "edgerun/nginx/base_url.h"

#include <algorithm>
#include <array>

#include "edgerun/nginx/arguments.h"

namespace edgerun::nginx {

namespace {

struct Scheme {
    std::string_view name;
    in_port_t port;
};

constexpr std::array<Scheme, 2> kSchemes{{{"https", 443}, {"http", 80}}};

const Scheme* schemeOf(std::string_view url) {
    for (const auto& scheme : kSchemes) {
        if (url.size() > scheme.name.size() + 3 &&
            url.substr(0, scheme.name.size()) == scheme.name &&
            url.substr(scheme.name.size(), 3) == "://") {
            return &scheme;
        }
    }
    return nullptr;
}

bool isPathCharacter(char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '<' && c != '>' && c != '\\' && c != '^' &&
           c != '`' && c != '{' && c != '}' && c != '|' && c != '?' && c != '#';
}

}  // namespace

std::optional<std::string> readBaseUrl(ngx_pool_t* pool, std::string_view url,
                                       loop::Upstream& upstream) {
    const Scheme* scheme = schemeOf(url);
    if (scheme == nullptr) {
        return "must begin with https:// or http://";
    }
    std::string_view rest = url.substr(scheme->name.size() + 3);
    const auto slash = rest.find('/');
    std::string_view authority = rest.substr(0, slash);
    std::string_view path =
        slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
    while (!path.empty() && path.back() == '/') {
        path.remove_suffix(1);
    }
    for (const char c : path) {
        if (!isPathCharacter(c)) {
            return "must have a path of plain characters, without a query (use \"query\")";
        }
    }
    if (authority.find('@') != std::string_view::npos) {
        return "must not hold a user name (use \"api_key\")";
    }

    ngx_url_t parsed{};
    parsed.url = loop::copyTo(pool, authority);
    parsed.default_port = scheme->port;
    parsed.no_resolve = 1;
    if (parsed.url.data == nullptr || ngx_parse_url(pool, &parsed) != NGX_OK ||
        parsed.family == AF_UNIX || parsed.host.len == 0) {
        return std::string("has no usable host") +
               (parsed.err != nullptr ? std::string(" (") + parsed.err + ")" : "");
    }

    std::string_view host = loop::view(parsed.host);
    if (host.size() > 2 && host.front() == '[') {
        host = host.substr(1, host.size() - 2);
    }
    upstream.scheme = scheme->name;
    upstream.host = host;
    upstream.port = parsed.port;
    upstream.path = path;
    return std::nullopt;
}

namespace {

struct UrlParts {
    std::string_view server;  ///< with its scheme
    std::string_view path;    ///< with query and fragment
};

UrlParts partsOf(std::string_view url) {
    const auto scheme = url.find("://");
    const auto authority = scheme == std::string_view::npos ? 0 : scheme + 3;
    const auto end = std::min(url.find_first_of("/?#", authority), url.size());
    return {url.substr(0, end), url.substr(end)};
}

/// In a path or a query.
bool isUrlCharacter(char c) {
    constexpr std::string_view kOthers = "\"<>\\^`{|}";
    return c > ' ' && c < '\x7f' && kOthers.find(c) == std::string_view::npos;
}

/// A password may stand where the parser does not look for it.
std::string shownUrl(std::string_view url) {
    const bool isShown = url.find('@') == std::string_view::npos;
    return isShown ? ": " + quoted(url.substr(0, url.find_first_of("?#"))) : "";
}

}  // namespace

std::optional<std::string> readWholeUrl(ngx_pool_t* pool, std::string_view url,
                                        loop::Upstream& upstream) {
    const UrlParts parts = partsOf(url);
    if (parts.server.find('@') != std::string_view::npos) {
        return "must not hold a user name or password; leave out what stands before the \"@\"";
    }
    if (const auto fault = readBaseUrl(pool, parts.server, upstream)) {
        return *fault + shownUrl(url);
    }
    if (parts.path.find('#') != std::string_view::npos) {
        return "must not hold a fragment; leave out \"#\" and what follows" + shownUrl(url);
    }
    if (!std::all_of(parts.path.begin(), parts.path.end(), isUrlCharacter)) {
        return "must consist of plain characters, others escaped as %XX" + shownUrl(url);
    }
    const auto mark = parts.path.find('?');
    upstream.path = parts.path.substr(0, mark);
    if (upstream.path.empty()) {
        upstream.path = "/";
    }
    upstream.query = mark == std::string_view::npos ? "" : parts.path.substr(mark + 1);
    return std::nullopt;
}

bool isLiteralAddress(const loop::Upstream& upstream) {
    u_char* bytes = loop::asNgx(upstream.host).data;
    u_char address[16];
    return ngx_inet_addr(bytes, upstream.host.size()) != INADDR_NONE ||
           ngx_inet6_addr(bytes, upstream.host.size(), address) == NGX_OK;
}

bool useResolver(ngx_conf_t* cf, loop::Upstream& upstream) {
    const auto* http = static_cast<const ngx_http_core_loc_conf_t*>(
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    const bool hasResolver = http->resolver != nullptr && http->resolver->connections.nelts > 0;
    // What "localhost" is, no name server may say.
    if (!hasResolver || isLiteralAddress(upstream) || upstream.host == "localhost") {
        return false;
    }
    upstream.resolver = http->resolver;
    upstream.resolverTimeout = http->resolver_timeout;
    return true;
}

bool resolveHost(ngx_pool_t* pool, loop::Upstream& upstream) {
    if (isLiteralAddress(upstream)) {
        upstream.addresses = {upstream.host};
        return true;
    }
    ngx_url_t url{};
    url.host = loop::copyTo(pool, upstream.host);
    url.port = upstream.port;
    if (url.host.data == nullptr || ngx_inet_resolve_host(pool, &url) != NGX_OK) {
        return false;
    }
    for (ngx_uint_t i = 0; i < url.naddrs; i++) {
        u_char text[NGX_SOCKADDR_STRLEN];
        const std::size_t length =
            ngx_sock_ntop(url.addrs[i].sockaddr, url.addrs[i].socklen, text, sizeof(text), 0);
        upstream.addresses.emplace_back(reinterpret_cast<char*>(text), length);
    }
    return !upstream.addresses.empty();
}

}  // namespace edgerun::nginx
