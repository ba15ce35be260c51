#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace edgerun::auth {

using Sha256 = std::array<std::uint8_t, 32>;

/// Nothing if OpenSSL refuses; its error queue stays empty.
std::optional<Sha256> sha256Of(std::string_view bytes);

}  // namespace edgerun::auth
