#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace edgerun::auth {

/// Who may see a job: the first 16 bytes of SHA-256 over the verified user
/// name. Fixed in size, so that names of any length cost the same.
using OwnerKey = std::array<std::uint8_t, 16>;

OwnerKey ownerKeyOf(std::string_view user);

}  // namespace edgerun::auth
