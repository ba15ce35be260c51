#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace edgerun::store {

/// Which instance has claimed a writer, by writers; see claimWriters(). What cannot be read counts
/// as no claim.
using Claims = std::map<std::uint64_t, std::uint64_t>;

Claims readClaims(const std::string& directory);

}  // namespace edgerun::store
