#pragma once

#include <cstdint>
#include <string>

#include "edgerun/store/journal_files.h"

/// Whose a writer's files are. Its segments name the zone's instance that they were written for.
/// Once another instance has taken all their jobs into its zone, it writes its number into the
/// writer's lock file: one small write for all segments. From then on they count as that one's:
/// nobody else reads them while it lives, and any of its workers may write them anew.
namespace edgerun::engine {

/// listJournal() with the instances that the files belong to now.
store::DirectoryListing listClaimed(const std::string& directory);

/// `lock` is the writer's. False with errno.
bool claim(const store::OpenFile& lock, std::uint64_t instance);

/// Jobs for which an instance's zone has no room are set aside, as the files of an instance that
/// nobody is: the next life finds them.
inline std::uint64_t asideOf(std::uint64_t instance) {
    return ~instance;
}

}  // namespace edgerun::engine
