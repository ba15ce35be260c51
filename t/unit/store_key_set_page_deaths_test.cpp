#include <sys/time.h>

#include <random>
#include <string>

#include "edgerun/store/crash_point.h"
#include "store_key_set_page_fixture.h"

namespace edgerun::store {

namespace {

constexpr std::uint64_t kEnd = kStart + 700'000;

std::string setNumber(std::uint64_t number) {
    return std::string(1000 + number * 7919 % 5000, static_cast<char>('a' + number % 26));
}

bool isWhole(const KeySetPage::Published& set) {
    return set.epoch == 0 ? set.bytes.empty()
                          : set.bytes.size() >= 1000 &&
                                set.bytes == std::string(set.bytes.size(), set.bytes[0]);
}

class KeySetPageDeathTest : public KeySetPageTest {
protected:
    /// A process that fetches, fails, gives back and publishes; what dies is at
    /// one of its crash points.
    void live() {
        KeySetPage mine(memory.data(), forced);
        const auto take = [&](FetchCause cause, std::uint64_t at) {
            return *mine.takeTurn(cause, kTimes, at);
        };
        mine.fail(take(FetchCause::Schedule, kStart), kStart);
        mine.publish(take(FetchCause::Schedule, kStart + 1'000), setNumber(1), kStart + 1'000);
        mine.publish(take(FetchCause::UnknownKey, kStart + 2'000), setNumber(2), kStart + 2'000);
        mine.giveBack(take(FetchCause::Schedule, kStart + 602'000));
        mine.publish(take(FetchCause::Schedule, kStart + 602'000), setNumber(3), kStart + 602'000);
        mine.publish(take(FetchCause::UnknownKey, kEnd), setNumber(4), kEnd);
    }

    ForcedLock forced;
};

TEST_F(KeySetPageDeathTest, AfterADeathAnywhereTheSetIsWholeAndOthersGoOn) {
    bool hasDied = true;
    for (std::uint64_t passage = 1; hasDied; passage++) {
        std::memset(memory.data(), 0, memory.size());
        KeySetPage::format(memory.data(), kMaxSet);
        hasDied = !endsWell(start([&] {
            passagesUntilCrash = passage;
            live();
        }));

        const auto set = page.read();
        EXPECT_TRUE(isWhole(set));
        EXPECT_EQ(set.epoch, page.epoch());
        if (hasDied) {
            // Whatever it was about to do, another gets its turn when this one's is over.
            now = kEnd + kTurnLasts + (set.bytes == setNumber(4) ? kTimes.refresh : 0);
            const auto turn = forUnknown();
            ASSERT_TRUE(turn) << "passage " << passage;
            EXPECT_TRUE(page.publish(*turn, setNumber(9), now).isNew);
            EXPECT_GT(page.epoch(), set.epoch);
            EXPECT_EQ(page.read().bytes, setNumber(9));
            EXPECT_FALSE(scheduled());
        } else {
            EXPECT_EQ(set.bytes, setNumber(4));
            EXPECT_GT(passage, 30u);
        }
    }
}

/// Workers that die of an alarm, at any instruction.
class Restless {
public:
    struct Shared {
        std::atomic<pid_t> holder;
        std::atomic<std::uint64_t> now;
        std::atomic<std::uint64_t> published;
        std::atomic<std::uint64_t> wrong;
        std::atomic<std::uint64_t> highest;  ///< epoch that anybody has seen
    };

    Restless(void* memory, Shared& shared)
        : lock_(shared.holder), page_(memory, lock_), shared_(shared) {}

    [[noreturn]] void live() {
        std::mt19937 random(static_cast<unsigned>(getpid()));
        const itimerval alarm{{}, {0, 200 + static_cast<suseconds_t>(random() % 2000)}};
        setitimer(ITIMER_REAL, &alarm, nullptr);
        while (true) {
            const FetchTimes times{2, 1, 3, 5};
            const auto turn = page_.takeTurn(FetchCause::UnknownKey, times, shared_.now += 1);
            if (!turn) {
                look();
            } else if (random() % 4 == 0) {
                page_.fail(*turn, shared_.now);
            } else if (page_.publish(*turn, setNumber(turn->number), shared_.now).counts) {
                shared_.published++;
            }
        }
    }

private:
    void look() {
        const std::uint64_t before = shared_.highest;
        const auto set = page_.read();
        shared_.wrong += isWhole(set) && set.epoch >= before ? 0 : 1;
        std::uint64_t seen = shared_.highest;
        while (seen < set.epoch && !shared_.highest.compare_exchange_weak(seen, set.epoch)) {
        }
    }

    PidLock lock_;
    KeySetPage page_;
    Shared& shared_;
};

TEST_F(KeySetPageDeathTest, ProcessesThatDieAtAnyInstructionSpoilNothing) {
    SharedMemory notes(sizeof(Restless::Shared));
    auto& shared = *new (notes.data()) Restless::Shared{};
    const auto startOne = [&] { start([&] { Restless(memory.data(), shared).live(); }); };
    const auto buryOne = [&] {
        pid_t dead = wait(nullptr);
        shared.holder.compare_exchange_strong(dead, 0);
    };

    for (int process = 0; process < 3; process++) {
        startOne();
    }
    for (int death = 0; death < 300; death++) {
        buryOne();
        startOne();
    }
    for (int process = 0; process < 3; process++) {
        buryOne();
    }
    EXPECT_EQ(shared.wrong, 0u);
    EXPECT_GT(shared.published, 300u);
    EXPECT_TRUE(isWhole(page.read()));
    now = shared.now + 600'000;
    EXPECT_TRUE(scheduled());
}

}  // namespace

}  // namespace edgerun::store
