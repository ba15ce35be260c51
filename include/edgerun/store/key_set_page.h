#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/store/shared_lock.h"

namespace edgerun::store {

/// How a source of keys is asked. All in ms.
struct FetchTimes {
    std::uint64_t refresh = 600'000;    ///< after a good answer
    std::uint64_t unknownKey = 30'000;  ///< between two fetches for the sake of unknown keys
    std::uint64_t attempt = 5'000;      ///< the longest that one fetch takes
    std::uint64_t wait = 5'000;         ///< the longest that a request waits for keys
};

/// A key set in shared memory, published by whichever worker fetched it, and the
/// turns and times of fetching. Times are of a clock that all processes share
/// and that never goes back, in ms. A process may die at any
/// moment: readers see the old set or the new one, never half of one, and its
/// turn to fetch runs out.
class KeySetPage {
public:
    /// Of memory that holds sets of up to `maxSet` bytes.
    static std::size_t bytesFor(std::size_t maxSet);
    /// Memory of bytesFor(maxSet), zeroed; before any page is made of it.
    static void format(void* memory, std::size_t maxSet);

    KeySetPage(void* memory, SharedLock& lock);

    /// Of the set in force, 0 while there is none. One atomic load, no lock.
    std::uint64_t epoch() const noexcept;
    /// A copy of the set in force and its epoch.
    struct Published {
        std::uint64_t epoch = 0;
        std::string bytes;
    };
    Published read() const;

    // The rest (turns, attempts, back-off) is between this class and engine::RemoteKeys.
};

}  // namespace edgerun::store
