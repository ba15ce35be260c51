#pragma once

#include <optional>
#include <string_view>

namespace edgerun::auth {

/// Algorithms as RFC 7518 section 3.1 names them. Other kinds join this list.
enum class Algorithm { HS256, HS384, HS512 };

const char* nameOf(Algorithm algorithm);

/// Exact bytes: "hs256", "none" and all names not listed above are nullopt.
std::optional<Algorithm> algorithmNamed(std::string_view name);

}  // namespace edgerun::auth
