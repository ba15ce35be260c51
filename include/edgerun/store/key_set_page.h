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

enum class FetchCause {
    Schedule,    ///< only if the set is old, or an earlier fetch failed or never ended
    UnknownKey,  ///< also for somebody who misses a key
};

/// The right to fetch, of one process at a time. It ends by publish(), fail() or
/// giveBack(), or when FetchTimes::attempt is well over.
struct FetchTurn {
    std::uint64_t number = 0;
    std::uint64_t startedAt = 0;
};

/// What came of a turn's end.
struct FetchEnd {
    bool counts = false;         ///< false: the turn had been lost, nothing has changed
    bool isNew = false;          ///< the set differs from the one before
    std::uint64_t failures = 0;  ///< in a row: before a good answer, or with this one
};

/// What there is, and what may come.
struct FetchOutlook {
    std::uint64_t epoch = 0;     ///< as KeySetPage::epoch()
    std::uint64_t endings = 0;   ///< turns that have ended, of all processes
    std::uint64_t answered = 0;  ///< when the newest fetch that gave a set began; 0: none did
    /// When a fetch for an unknown key may begin at the earliest; for one that is
    /// under way, when it began.
    std::uint64_t next = 0;
    bool isFailing = false;  ///< the last attempt brought nothing
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
    /// Memory of bytesFor(maxSet), zeroed, aligned to 64; before any page is made of it.
    static void format(void* memory, std::size_t maxSet);

    KeySetPage(void* memory, SharedLock& lock);

    /// Of the set in force, 0 while there is none; never the same again for
    /// another set. One atomic load, no lock.
    std::uint64_t epoch() const noexcept;
    /// A copy of the set in force and its epoch.
    struct Published {
        std::uint64_t epoch = 0;
        std::string bytes;
    };
    Published read() const;

    FetchOutlook outlook(const FetchTimes& times) const;

    /// Nothing while another process has the turn, or none is due.
    std::optional<FetchTurn> takeTurn(FetchCause cause, const FetchTimes& times, std::uint64_t now);
    /// A good answer, of at most `maxSet` bytes (a longer one does not count). Equal
    /// bytes are no new set.
    FetchEnd publish(const FetchTurn& turn, std::string_view bytes, std::uint64_t now);
    /// No good answer: the next turn comes after a pause that grows.
    FetchEnd fail(const FetchTurn& turn, std::uint64_t now);
    /// Nothing was learnt: the next turn is due at once.
    void giveBack(const FetchTurn& turn);

private:
    struct Header;
    struct Half;

    static std::size_t halfBytes(std::size_t maxSet);
    Half& halfOf(std::uint64_t epoch) const;
    std::string_view setOf(std::uint64_t epoch) const;
    bool writeSet(std::string_view bytes);
    std::uint64_t dueAt(const FetchTimes& times) const;
    bool isHeld(const FetchTimes& times, std::uint64_t now) const;
    bool isOurs(const FetchTurn& turn) const;
    void endTurn();

    Header& header_;
    SharedLock& lock_;
};

}  // namespace edgerun::store
