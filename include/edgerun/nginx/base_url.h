#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "edgerun/loop/ngx.h"
#include "edgerun/loop/upstream.h"

namespace edgerun::nginx {

/// Splits http(s)://host[:port][/path] into the upstream's fields; a text that
/// says what is wrong otherwise. Resolves nothing.
std::optional<std::string> readBaseUrl(ngx_pool_t* pool, std::string_view url,
                                       loop::Upstream& upstream);

/// The same for a URL that is called as it is: its path keeps its end, and it may have a query.
/// What is wrong ends with the URL, but for what may be for its server alone: a query, or a
/// password.
std::optional<std::string> readWholeUrl(ngx_pool_t* pool, std::string_view url,
                                        loop::Upstream& upstream);

/// Leaves the host to the "resolver" of http {}, while NGINX runs. False if there is none, or
/// nothing that it should resolve.
bool useResolver(ngx_conf_t* cf, loop::Upstream& upstream);

/// Finds the host's addresses as proxy_pass does, by the system's resolver
/// while the configuration is read. False if there are none.
bool resolveHost(ngx_pool_t* pool, loop::Upstream& upstream);

/// Is the host an IP address itself?
bool isLiteralAddress(const loop::Upstream& upstream);

}  // namespace edgerun::nginx
