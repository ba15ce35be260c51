#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace edgerun::auth {

using Sha256 = std::array<std::uint8_t, 32>;

/// Nothing if OpenSSL refuses; its error queue stays empty.
std::optional<Sha256> sha256Of(std::string_view bytes);

using Digest = std::array<std::uint8_t, 16>;

/// The first bytes of SHA-256. Throws if OpenSSL refuses: any value instead would make strangers
/// the same.
Digest digestOf(std::string_view bytes);

}  // namespace edgerun::auth
