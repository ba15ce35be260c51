#include <functional>

#include "store_quota_fixture.h"
#include "store_shared_memory.h"

#ifdef EDGERUN_CRASH_POINTS

/// A worker that dies between any two stores of any call.
namespace edgerun::store {

namespace {

constexpr std::size_t kBytes = QuotaCounters::kMinimumBytes;
constexpr std::uint64_t kKeys = 16;
constexpr std::int64_t kLater = kNow + kMinute;

using Call = std::function<void(QuotaCounters&)>;

Call taking(std::uint64_t job, const std::vector<QuotaClaim>& claims, std::int64_t now = kNow) {
    return [=](QuotaCounters& counters) { counters.take(holderNumber(job), claims, now); };
}

Call keeping(std::uint64_t job) {
    return [=](QuotaCounters& counters) { counters.keep(idNumber(job)); };
}

Call givingBack(std::uint64_t job) {
    return [=](QuotaCounters& counters) { counters.giveBack(idNumber(job)); };
}

Call settling(std::uint64_t job, std::optional<std::uint64_t> amount) {
    return [=](QuotaCounters& counters) { counters.settle(idNumber(job), amount); };
}

Call restoring(const QuotaRecord& record, std::int64_t now = kNow) {
    return [=](QuotaCounters& counters) { counters.restore(record, now); };
}

/// Its keys are those that are looked at; others only fill the zone.
struct Life {
    const char* name;
    std::vector<Call> before;
    std::vector<Call> calls;
};

Life takesAndEnds() {
    return {"TakesAndEnds",
            {taking(1, {claimOf(1, 9), settledClaim(2, 5000, 1000)}), taking(2, {claimOf(1, 9)})},
            {
                taking(3, {claimOf(1, 9), claimOf(3, 9), settledClaim(2, 5000, 500)}),
                keeping(1),
                taking(4, {claimOf(1, 4), claimOf(4, 0)}),  // spent
                taking(5, {settledClaim(5, 5000, 10), settledClaim(5, 5000, 20), claimOf(1, 9)}),
                givingBack(3),
                settling(1, 700),
                keeping(5),
                settling(5, 33),
                taking(6, {dryRun(claimOf(1, 1, 4)), claimOf(6, 9)}),
                givingBack(2),
                settling(6, std::nullopt),
            }};
}

Life windowsThatEnd() {
    return {"WindowsThatEnd",
            {taking(1, {claimOf(1, 9), settledClaim(2, 5000, 1000)}),
             taking(2, {claimOf(1, 9), settledClaim(2, 5000, 30)})},
            {
                taking(3, {claimOf(1, 9, 2, kLater), settledClaim(2, 5000, 40, kLater)}, kLater),
                keeping(1),
                settling(1, 4000),
                givingBack(2),
                taking(4, {claimOf(1, 9)}),  // its clock is behind
                settling(3, 41),
                givingBack(4),
            }};
}

/// All counters in use: those of the second half ended, or counting nothing.
std::vector<Call> fullZone() {
    std::vector<Call> calls{taking(1, {claimOf(1, 9, 3), settledClaim(2, 5000, 100)})};
    for (std::uint64_t key = 1000; key < 1300; ++key) {
        calls.push_back(taking(key, {claimOf(key, 9, 1, key % 2 == 0 ? kNow : kLater)}));
        calls.push_back(key % 7 == 0 ? givingBack(key) : keeping(key));
    }
    return calls;
}

Life countersThatMakeRoom() {
    return {
        "CountersThatMakeRoom",
        fullZone(),
        {
            taking(2,
                   {claimOf(3, 9, 1, kLater), claimOf(4, 9, 1, kLater), claimOf(1, 9, 1, kLater)},
                   kLater),
            keeping(2),
            taking(3, {claimOf(5, 9)}),
            givingBack(3),
            givingBack(1),
        }};
}

Life zoneThatIsFull() {
    std::vector<Call> before = fullZone();
    for (std::uint64_t key = 2000; key < 2300; ++key) {
        before.push_back(taking(key, {claimOf(key, 9, 1, kLater)}, kLater));
        before.push_back(keeping(key));
    }
    return {"ZoneThatIsFull",
            before,
            {
                taking(2, {claimOf(1, 9, 1, kLater), claimOf(3, 9, 1, kLater)}, kLater),
                taking(3, {claimOf(1, 9, 1, kLater), dryRun(claimOf(4, 9, 1, kLater))}, kLater),
                settling(3, 1),
            }};
}

QuotaRecord recordNumber(QuotaRecord::Kind kind, std::uint64_t sequence, std::uint64_t key,
                         std::uint64_t job, std::uint64_t amount) {
    QuotaRecord record;
    record.kind = kind;
    record.sequence = sequence;
    record.key = quotaKey(key);
    record.window = minuteOf(kNow);
    record.amount = amount;
    record.holder = holderNumber(job);
    record.isSettled = true;
    return record;
}

Life recordsThatComeBack() {
    using Kind = QuotaRecord::Kind;
    return {"RecordsThatComeBack",
            {},
            {
                restoring(recordNumber(Kind::Counter, 1000, 1, 0, 7)),
                restoring(recordNumber(Kind::Hold, 1001, 1, 1, 3)),
                restoring(recordNumber(Kind::Counter, 1003, 2, 0, 5)),
                restoring(recordNumber(Kind::Hold, 1002, 2, 2, 4)),
                restoring(recordNumber(Kind::Hold, 1004, 1, 2, 4)),
                restoring(recordNumber(Kind::Hold, 1005, 1, 2, 3)),
                restoring(recordNumber(Kind::Counter, 1007, 1, 0, 9)),
                taking(3, {settledClaim(1, 5000, 10)}),
                settling(1, 1),
            }};
}

class QuotaDeathsTest : public testing::TestWithParam<Life> {
protected:
    struct State {
        std::vector<std::uint64_t> numbers;
        std::map<std::string, std::string> holds;

        bool operator==(const State& other) const {
            return numbers == other.numbers && holds == other.holds;
        }
    };

    QuotaCounters attach() { return *QuotaCounters::attach(memory.data(), kBytes, lock); }

    static State stateOf(QuotaCounters counters) {
        State state;
        for (std::uint64_t key = 0; key < kKeys; ++key) {
            const QuotaUse use = counters.use(quotaKey(key), minuteOf(kNow));
            for (const std::uint64_t number :
                 {use.used, use.reserved, static_cast<std::uint64_t>(use.window.begin)}) {
                // Where it is not counted, that it can be forgotten shows in the window alone.
                state.numbers.push_back(use.used == 0 ? 0 : number);
            }
        }
        state.holds = contentOf(holdRecords(counters));
        return state;
    }

    /// What nobody sees, but everybody needs.
    static void expectSound(QuotaCounters counters) {
        const auto gauges = counters.gauges();
        EXPECT_EQ(gauges.holds, allHolds(counters).size());
        std::map<QuotaKey, std::uint64_t> held;
        for (const QuotaRecord& hold : holdRecords(counters)) {
            const QuotaUse use = counters.use(hold.key, hold.window);
            held[hold.key] += use.window.begin == hold.window.begin ? hold.amount : 0;
            EXPECT_GE(use.used, held[hold.key]);
        }
    }

    /// The zone before the calls, and what it shows after each of them.
    void live() {
        ASSERT_TRUE(QuotaCounters::format(memory.data(), kBytes));
        QuotaCounters counters = attach();
        for (const Call& call : GetParam().before) {
            call(counters);
        }
        beginning.assign(static_cast<char*>(memory.data()), kBytes);
        states.push_back(stateOf(attach()));
        for (const Call& call : GetParam().calls) {
            call(counters);
            states.push_back(stateOf(attach()));
        }
        EXPECT_EQ(counters.gauges().repairs, 0u);
        end = counters.gauges();
    }

    bool survivesCalls(std::uint64_t passage) {
        std::memcpy(memory.data(), beginning.data(), kBytes);
        callsDone() = 0;
        return survives(passage, [this] {
            QuotaCounters counters = attach();
            for (const Call& call : GetParam().calls) {
                call(counters);
                ++callsDone();
            }
        });
    }

    /// All of the call during which it died, or nothing of it; then all goes on as if it had not
    /// died.
    void expectWhole() {
        const std::size_t done = callsDone();
        QuotaCounters counters = attach();
        expectSound(counters);
        const State state = stateOf(counters);
        const bool isBefore = state == states[done];
        ASSERT_TRUE(isBefore || (done + 1 < states.size() && state == states[done + 1]))
            << "in call " << done;
        for (std::size_t next = isBefore ? done : done + 1; next < GetParam().calls.size();
             ++next) {
            GetParam().calls[next](counters);
        }
        EXPECT_TRUE(stateOf(counters) == states.back()) << "after a death in call " << done;
        expectSound(counters);
        const auto gauges = counters.gauges();
        EXPECT_EQ(gauges.holdsFree, end.holdsFree);
        EXPECT_EQ(gauges.counters + gauges.countersFree, end.counters + end.countersFree);
    }

    std::size_t& callsDone() { return *static_cast<std::size_t*>(progress.data()); }

    SharedMemory memory{kBytes};
    SharedMemory progress{sizeof(std::size_t)};
    ForcedLock lock;
    std::string beginning;
    std::vector<State> states;
    QuotaCounters::Gauges end{};
};

TEST_P(QuotaDeathsTest, ADeathAnywhereLeavesCallsWholeOrUndone) {
    live();
    std::uint64_t repaired = 0;
    std::uint64_t passage = 1;
    for (bool survived = false; !survived && !HasFailure(); ++passage) {
        SCOPED_TRACE("death at passage " + std::to_string(passage));
        survived = survivesCalls(passage);
        expectWhole();
        repaired += attach().gauges().repairs;
    }
    EXPECT_GT(passage, 30u);
    EXPECT_GT(repaired, passage / 2);
}

TEST_P(QuotaDeathsTest, ADeathDuringTheRepairIsCuredByTheNext) {
    live();
    for (std::uint64_t passage = 1; passage < 400 && !HasFailure(); passage += 13) {
        if (survivesCalls(passage)) {
            break;
        }
        const std::string found(static_cast<char*>(memory.data()), kBytes);
        bool survived = false;
        for (std::uint64_t second = 1; !survived && !HasFailure(); second += 1 + second / 8) {
            SCOPED_TRACE("deaths at " + std::to_string(passage) + " and " + std::to_string(second));
            std::memcpy(memory.data(), found.data(), kBytes);
            survived = survives(second, [this] { attach().gauges(); });
            expectWhole();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Lives, QuotaDeathsTest,
                         testing::Values(takesAndEnds(), windowsThatEnd(), countersThatMakeRoom(),
                                         zoneThatIsFull(), recordsThatComeBack()),
                         [](const auto& life) { return life.param.name; });

}  // namespace

}  // namespace edgerun::store

#endif
