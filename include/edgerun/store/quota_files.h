#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "edgerun/store/quota_counters.h"

/// The files of a quota zone's journal. All workers of the zone append to one file; from time to
/// time one of them begins the next, which then says everything anew:
///
///     lock                     empty; held locked by whoever begins a file
///     counters.NUMBER.quota    8 decimal digits or more; locked (shared) by those who write it
namespace edgerun::store {

std::string quotaFilePath(const std::string& directory, std::uint64_t number);

/// Ascending. nullopt, with errno, if the directory cannot be read.
std::optional<std::vector<std::uint64_t>> listQuotaFiles(const std::string& directory);

struct QuotaLoad {
    std::size_t records = 0;
    std::size_t leftOut = 0;  ///< for which the zone has no room
    std::size_t damaged = 0;  ///< bytes that are no records
};

/// Brings back what the directory holds: the newest file that says everything, and those behind
/// it. Changes nothing there, and may be done while others write. nullopt, with `problem` saying
/// why, if something cannot be read.
std::optional<QuotaLoad> loadQuotaFiles(const std::string& directory, QuotaCounters& counters,
                                        std::int64_t now, std::string& problem);

}  // namespace edgerun::store
