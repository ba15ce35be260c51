#include "edgerun/store/key_set_page.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <new>

#include "edgerun/store/crash_point.h"

namespace edgerun::store {

namespace {

using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free);

constexpr std::size_t kAlignment = 64;

/// Beyond FetchTimes::attempt: a process that is merely late does not lose its turn.
constexpr std::uint64_t kGrace = 1'000;  // ms

/// Pauses after failures, each twice the one before.
struct Pauses {
    std::uint64_t first;
    std::uint64_t last;
};
constexpr Pauses kWithoutSet{1'000, 5'000};
constexpr Pauses kWithSet{2'000, 60'000};

std::uint64_t pauseAfter(std::uint64_t failures, const Pauses& pauses) {
    const std::uint64_t doublings = std::min<std::uint64_t>(failures - 1, 16);
    return std::min(pauses.first << doublings, pauses.last);
}

}  // namespace

/// Each word by itself is whole at any moment, and they change in the order in
/// which the program says so. Facts, not plans: what follows from them depends
/// on the times of the present configuration.
struct alignas(kAlignment) KeySetPage::Header {
    std::uint64_t maxSet;
    Word epoch;      ///< its lowest bit says which half is in force
    Word lastTurn;   ///< counts turns
    Word turn;       ///< the one that is held, or 0
    Word startedAt;  ///< of the last turn
    Word isOverdue;  ///< a turn was taken and has not ended well or badly
    Word endings;
    Word answered;      ///< when the turn of the last good answer began
    Word goodAt;        ///< when that answer came
    Word failures;      ///< since then
    Word failedAt;      ///< the last of them
    Word forUnknownAt;  ///< when the last turn for an unknown key began, or 0
};

struct alignas(kAlignment) KeySetPage::Half {
    std::uint64_t size;

    char* bytes() { return reinterpret_cast<char*>(this + 1); }
};

std::size_t KeySetPage::bytesFor(std::size_t maxSet) {
    return sizeof(Header) + 2 * halfBytes(maxSet);
}

std::size_t KeySetPage::halfBytes(std::size_t maxSet) {
    return sizeof(Half) + (maxSet + kAlignment - 1) / kAlignment * kAlignment;
}

void KeySetPage::format(void* memory, std::size_t maxSet) {
    (new (memory) Header())->maxSet = maxSet;
}

KeySetPage::KeySetPage(void* memory, SharedLock& lock)
    : header_(*static_cast<Header*>(memory)), lock_(lock) {}

// --- the set ---

std::uint64_t KeySetPage::epoch() const noexcept {
    return header_.epoch;
}

KeySetPage::Published KeySetPage::read() const {
    Published published;
    published.bytes.reserve(header_.maxSet);  // not to run out of memory under the lock
    const std::lock_guard<SharedLock> guard(lock_);
    published.epoch = header_.epoch;
    published.bytes = setOf(published.epoch);
    return published;
}

KeySetPage::Half& KeySetPage::halfOf(std::uint64_t epoch) const {
    auto* first = reinterpret_cast<char*>(&header_ + 1);
    return *reinterpret_cast<Half*>(first + (epoch & 1) * halfBytes(header_.maxSet));
}

std::string_view KeySetPage::setOf(std::uint64_t epoch) const {
    if (epoch == 0) {
        return {};
    }
    Half& half = halfOf(epoch);
    return {half.bytes(), std::min(half.size, header_.maxSet)};
}

/// False if the same set is in force already.
bool KeySetPage::writeSet(std::string_view bytes) {
    const std::uint64_t epoch = header_.epoch;
    if (epoch != 0 && setOf(epoch) == bytes) {
        return false;
    }
    Half& half = halfOf(epoch + 1);
    EDGERUN_CRASH_POINT(set_begun);
    half.size = bytes.size();
    std::memcpy(half.bytes(), bytes.data(), bytes.size() / 2);
    EDGERUN_CRASH_POINT(set_half_written);
    std::memcpy(half.bytes() + bytes.size() / 2, bytes.data() + bytes.size() / 2,
                bytes.size() - bytes.size() / 2);
    EDGERUN_CRASH_POINT(set_written);
    header_.epoch = epoch + 1;
    EDGERUN_CRASH_POINT(set_published);
    return true;
}

// --- turns ---

FetchOutlook KeySetPage::outlook(const FetchTimes& times) const {
    const std::lock_guard<SharedLock> guard(lock_);
    FetchOutlook outlook{header_.epoch, header_.endings, header_.answered, dueAt(times),
                         header_.failures != 0};
    if (header_.turn != 0) {
        outlook.next = header_.startedAt;
    } else if (header_.failures == 0) {
        const std::uint64_t last = header_.forUnknownAt;
        outlook.next = std::min(outlook.next, last == 0 ? 0 : last + times.unknownKey);
    }
    return outlook;
}

/// Of the next turn for nobody's sake.
std::uint64_t KeySetPage::dueAt(const FetchTimes& times) const {
    if (header_.isOverdue != 0) {
        return 0;
    }
    const bool hasSet = header_.epoch != 0;
    if (header_.failures != 0) {
        const std::uint64_t pause =
            hasSet ? std::min(pauseAfter(header_.failures, kWithSet), times.refresh)
                   : pauseAfter(header_.failures, kWithoutSet);
        return header_.failedAt + pause;
    }
    return hasSet ? header_.goodAt + times.refresh : 0;
}

std::optional<FetchTurn> KeySetPage::takeTurn(FetchCause cause, const FetchTimes& times,
                                              std::uint64_t now) {
    const std::lock_guard<SharedLock> guard(lock_);
    if (isHeld(times, now)) {
        return std::nullopt;
    }
    if (dueAt(times) > now) {
        const std::uint64_t last = header_.forUnknownAt;
        const bool isAllowed = last == 0 || last + times.unknownKey <= now;
        if (cause != FetchCause::UnknownKey || header_.failures != 0 || !isAllowed) {
            return std::nullopt;
        }
        header_.forUnknownAt = now;
    }
    header_.turn = 0;  // a dead process's
    header_.isOverdue = 1;
    EDGERUN_CRASH_POINT(turn_prepared);
    header_.startedAt = now;
    const std::uint64_t number = ++header_.lastTurn;
    EDGERUN_CRASH_POINT(turn_numbered);
    header_.turn = number;
    EDGERUN_CRASH_POINT(turn_taken);
    return FetchTurn{number, now};
}

bool KeySetPage::isHeld(const FetchTimes& times, std::uint64_t now) const {
    return header_.turn != 0 && now < header_.startedAt + times.attempt + kGrace;
}

bool KeySetPage::isOurs(const FetchTurn& turn) const {
    return turn.number != 0 && header_.turn == turn.number;
}

FetchEnd KeySetPage::publish(const FetchTurn& turn, std::string_view bytes, std::uint64_t now) {
    const std::lock_guard<SharedLock> guard(lock_);
    if (!isOurs(turn) || bytes.size() > header_.maxSet) {
        return {};
    }
    const FetchEnd end{true, writeSet(bytes), header_.failures};
    header_.answered = turn.startedAt;
    header_.goodAt = now;
    EDGERUN_CRASH_POINT(answer_noted);
    header_.failures = 0;
    header_.isOverdue = 0;
    endTurn();
    return end;
}

FetchEnd KeySetPage::fail(const FetchTurn& turn, std::uint64_t now) {
    const std::lock_guard<SharedLock> guard(lock_);
    if (!isOurs(turn)) {
        return {};
    }
    header_.failedAt = now;
    EDGERUN_CRASH_POINT(failure_noted);
    const FetchEnd end{true, false, ++header_.failures};
    header_.isOverdue = 0;
    endTurn();
    return end;
}

void KeySetPage::giveBack(const FetchTurn& turn) {
    const std::lock_guard<SharedLock> guard(lock_);
    if (isOurs(turn)) {
        endTurn();
    }
}

void KeySetPage::endTurn() {
    EDGERUN_CRASH_POINT(turn_ending);
    ++header_.endings;
    header_.turn = 0;
    EDGERUN_CRASH_POINT(turn_ended);
}

}  // namespace edgerun::store
