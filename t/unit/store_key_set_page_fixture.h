#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "edgerun/store/key_set_page.h"
#include "store_arena_fixture.h"
#include "store_shared_memory.h"

namespace edgerun::store {

inline constexpr std::size_t kMaxSet = 8 * 1024;
inline constexpr FetchTimes kTimes{600'000, 30'000, 5'000, 5'000};
inline constexpr std::uint64_t kTurnLasts = 6'000;  // kTimes.attempt and the grace beyond
inline constexpr std::uint64_t kStart = 1'000'000;

/// An empty page, and a clock.
class KeySetPageTest : public testing::Test {
protected:
    KeySetPageTest() : memory(KeySetPage::bytesFor(kMaxSet)), page(makePage()) {}

    KeySetPage makePage() {
        KeySetPage::format(memory.data(), kMaxSet);
        return {memory.data(), lock};
    }

    std::optional<FetchTurn> scheduled() {
        return page.takeTurn(FetchCause::Schedule, kTimes, now);
    }
    std::optional<FetchTurn> forUnknown() {
        return page.takeTurn(FetchCause::UnknownKey, kTimes, now);
    }
    FetchEnd publishNow(std::string_view bytes) { return page.publish(*scheduled(), bytes, now); }
    FetchEnd failNow() { return page.fail(*scheduled(), now); }

    /// How long no turn is due, from now.
    std::uint64_t pause() {
        const std::uint64_t from = now;
        for (std::uint64_t ms = 0;; ms += 500) {
            now = from + ms;
            if (const auto turn = scheduled()) {
                page.giveBack(*turn);
                return ms;
            }
        }
    }

    SharedMemory memory;
    SingleThreadLock lock;
    KeySetPage page;
    std::uint64_t now = kStart;
};

}  // namespace edgerun::store
