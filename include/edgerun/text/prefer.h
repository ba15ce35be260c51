#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace edgerun::text {

/// What a client would like (RFC 7240), as far as we know of it.
struct Preferences {
    std::optional<std::uint64_t> wait;  ///< seconds
    bool respondAsync = false;
};

/// Of all Prefer headers of a request, in their order. Of a preference that comes more than once
/// the first counts, whatever its value; unknown and malformed ones are passed over.
Preferences readPreferences(const std::vector<std::string_view>& headers);

}  // namespace edgerun::text
