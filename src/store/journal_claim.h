#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace edgerun::store {

/// The zone's instance that has claimed the writer; see claimWriter().
std::optional<std::uint64_t> claimOf(const std::string& directory, std::uint64_t writer);

}  // namespace edgerun::store
