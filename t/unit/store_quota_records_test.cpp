#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include "../../src/store/quota_merge.h"
#include "store_quota_fixture.h"

/// What a journal is given, brought back into a zone where nothing is counted.
namespace edgerun::store {

namespace {

using Kind = QuotaRecord::Kind;
using Records = std::vector<QuotaRecord>;

constexpr std::size_t kBytes = 256 * 1024;

class QuotaRecordsTest : public QuotaCountersTest {
protected:
    QuotaRecordsTest() : QuotaCountersTest(kBytes), otherMemory(kBytes), other(makeOther()) {}

    QuotaCounters makeOther() {
        EXPECT_TRUE(QuotaCounters::format(otherMemory.data(), kBytes));
        return *QuotaCounters::attach(otherMemory.data(), kBytes, otherLock);
    }

    void restore(const Records& records) {
        other = makeOther();
        for (const QuotaRecord& record : records) {
            ASSERT_TRUE(other.restore(record, kNow));
        }
    }

    /// As a journal in which they stand is read.
    void restoreWritten(const Records& written, const Records& copied = {}) {
        QuotaMerge merge;
        for (const QuotaRecord& record : written) {
            merge.add({false, false, record}, true);
        }
        for (const QuotaRecord& record : copied) {
            merge.add({false, true, record}, true);
        }
        restore(merge.finish());
    }

    void add(const Records& more) { records.insert(records.end(), more.begin(), more.end()); }

    void expectSameUse(std::uint64_t keys) {
        for (std::uint64_t key = 0; key < keys; ++key) {
            const QuotaUse before = counters.use(quotaKey(key), {0, 1});
            const QuotaUse after = other.use(quotaKey(key), {0, 1});
            EXPECT_EQ(before.used, after.used) << "key " << key;
            EXPECT_EQ(before.reserved, after.reserved) << "key " << key;
            EXPECT_EQ(before.window.begin, after.window.begin) << "key " << key;
            EXPECT_EQ(before.window.end, after.window.end) << "key " << key;
        }
    }

    void expectSame(std::uint64_t keys) {
        expectSameUse(keys);
        EXPECT_EQ(contentOf(holdRecords(counters)), contentOf(holdRecords(other)));
    }

    /// A journal needs no holds of windows that are over.
    void expectSameButForFormerWindows(std::uint64_t keys) {
        expectSameUse(keys);
        EXPECT_EQ(contentOf(currentHolds(counters)), contentOf(currentHolds(other)));
    }

    static Records currentHolds(QuotaCounters& counters) {
        Records current;
        for (const QuotaRecord& hold : holdRecords(counters)) {
            if (counters.use(hold.key, {0, 1}).window.begin == hold.window.begin) {
                current.push_back(hold);
            }
        }
        return current;
    }

    Records records;
    ArenaMemory otherMemory;
    SingleThreadLock otherLock;
    QuotaCounters other;
};

TEST_F(QuotaRecordsTest, TellWhatChanged) {
    const Records taken = take(1, {claimOf(1, 9, 2), settledClaim(2, 5000, 1000)}).records;
    ASSERT_EQ(taken.size(), 2u);
    EXPECT_EQ(taken[0].kind, Kind::Hold);
    EXPECT_EQ(taken[0].key, quotaKey(1));
    EXPECT_EQ(taken[0].amount, 2u);
    EXPECT_EQ(taken[0].window.begin, minuteOf(kNow).begin);
    EXPECT_EQ(taken[0].window.end, minuteOf(kNow).end);
    EXPECT_FALSE(taken[0].isSettled);
    EXPECT_EQ(taken[1].kind, Kind::Hold);
    EXPECT_EQ(taken[1].key, quotaKey(2));
    EXPECT_EQ(taken[1].amount, 1000u);
    EXPECT_EQ(taken[1].holder.job, idNumber(1));
    EXPECT_EQ(taken[1].holder.jobZone, 77u);
    EXPECT_EQ(taken[1].holder.pid, 1);
    EXPECT_EQ(taken[1].taken, taken[1].sequence);
    EXPECT_TRUE(taken[1].isSettled);
    EXPECT_FALSE(taken[1].isAccepted);

    const Records kept = counters.keep(idNumber(1));
    ASSERT_EQ(kept.size(), 2u);
    const auto isHold = [](auto& record) { return record.kind == Kind::Hold; };
    const QuotaRecord& hold = isHold(kept[0]) ? kept[0] : kept[1];
    const QuotaRecord& end = isHold(kept[0]) ? kept[1] : kept[0];
    EXPECT_EQ(hold.kind, Kind::Hold);
    EXPECT_EQ(hold.key, quotaKey(2));
    EXPECT_TRUE(hold.isAccepted);
    EXPECT_EQ(hold.taken, taken[1].sequence);
    EXPECT_GT(hold.sequence, taken[1].sequence);
    EXPECT_EQ(end.kind, Kind::End);
    EXPECT_EQ(end.key, quotaKey(1));
    EXPECT_EQ(end.holder.job, idNumber(1));
    EXPECT_EQ(end.amount, 2u);
    EXPECT_EQ(end.held, 2u);
    EXPECT_EQ(end.taken, taken[0].sequence);
    EXPECT_GT(end.sequence, taken[0].sequence);

    const Records settled = counters.settle(idNumber(1), 10);
    ASSERT_EQ(settled.size(), 1u);
    EXPECT_EQ(settled[0].kind, Kind::End);
    EXPECT_EQ(settled[0].amount, 10u);
    EXPECT_EQ(settled[0].held, 1000u);
    EXPECT_EQ(settled[0].taken, taken[1].sequence);
    EXPECT_GT(settled[0].sequence, hold.sequence);
}

TEST_F(QuotaRecordsTest, OfACounterTellByItsSequenceWhichHoldsAndEndsItHas) {
    const auto sequenceOfCounter = [this] { return allRecords(counters).at(0).sequence; };
    const Records taken = take(1, {settledClaim(1, 5000, 1000)}).records;
    EXPECT_GT(sequenceOfCounter(), taken.at(0).sequence);
    EXPECT_GT(counters.keep(idNumber(1)).at(0).sequence, sequenceOfCounter());
    const Records settled = counters.settle(idNumber(1), 10);
    EXPECT_GT(sequenceOfCounter(), settled.at(0).sequence);
}

TEST_F(QuotaRecordsTest, BringBackHoldsThatEndAsTheyWouldHave) {
    take(1, {claimOf(1, 9, 2), settledClaim(2, 5000, 1000)});
    take(2, {claimOf(1, 9, 3), settledClaim(2, 5000, 100), settledClaim(2, 5000, 100)});
    counters.keep(idNumber(2));
    restore(allRecords(counters));
    expectSame(3);
    const auto holds = allHolds(other);
    ASSERT_EQ(holds.size(), 3u);
    EXPECT_TRUE(
        std::all_of(holds.begin(), holds.end(), [](auto& hold) { return hold.isRestored; }));
    other.settle(idNumber(2), 7);
    other.giveBack(idNumber(1));
    EXPECT_EQ(other.use(quotaKey(1), minuteOf(kNow)).used, 3u);
    EXPECT_EQ(other.use(quotaKey(2), minuteOf(kNow)).used, 14u);
    EXPECT_EQ(other.use(quotaKey(2), minuteOf(kNow)).reserved, 0u);
}

TEST_F(QuotaRecordsTest, OfSeveralThatAreOneBringBackTheNewest) {
    take(1, {settledClaim(1, 5000, 1000)});
    const Records taken = allRecords(counters);
    counters.keep(idNumber(1));
    take(2, {settledClaim(1, 5000, 10)});
    const Records kept = allRecords(counters);
    for (const auto& [first, last] : {std::pair(taken, kept), std::pair(kept, taken)}) {
        records = first;
        add(last);
        restore(records);
        expectSame(2);
    }
}

TEST_F(QuotaRecordsTest, WhatIsRestoredGoesOnWithGreaterSequences) {
    take(1, {claimOf(1, 9)});
    records = allRecords(counters);
    records.back().sequence = 5'000'000;
    restore(records);
    for (const QuotaRecord& record : other.take(holderNumber(2), {claimOf(1, 9)}, kNow).records) {
        EXPECT_GT(record.sequence, 5'000'000u);
    }
}

TEST_F(QuotaRecordsTest, WhatNoZoneWroteIsLeftOut) {
    take(1, {claimOf(1, 9)});
    records = allRecords(counters);
    ASSERT_EQ(records.size(), 2u);
    for (const QuotaRecord& good : records) {
        QuotaRecord bad = good;
        bad.sequence = 0;
        EXPECT_TRUE(other.restore(bad, kNow));
        bad.sequence = UINT64_MAX;
        EXPECT_TRUE(other.restore(bad, kNow));
        bad = good;
        bad.window.end = bad.window.begin;
        EXPECT_TRUE(other.restore(bad, kNow));
        bad.window = {INT64_MIN, INT64_MAX};
        EXPECT_TRUE(other.restore(bad, kNow));
        bad = good;
        bad.amount = UINT64_MAX;
        EXPECT_TRUE(other.restore(bad, kNow));
        bad = good;
        bad.claims = 0;
        EXPECT_TRUE(other.restore(bad, kNow));
    }
    EXPECT_EQ(other.gauges().counters, 0u);
    EXPECT_EQ(other.gauges().holds, 0u);
}

TEST_F(QuotaRecordsTest, SayWhenThereIsNoRoom) {
    const auto room = other.gauges();
    take(1, {claimOf(1, 9)});
    QuotaRecord counter = allRecords(counters).at(0);
    for (std::uint64_t key = 0; key < room.countersFree; ++key) {
        counter.key = quotaKey(key);
        ASSERT_TRUE(other.restore(counter, kNow));
    }
    counter.key = quotaKey(room.countersFree);
    EXPECT_FALSE(other.restore(counter, kNow));
    // Those that are over make room, for those that are not.
    counter.window = minuteOf(kNow, 1);
    EXPECT_TRUE(other.restore(counter, kNow + kMinute));
    EXPECT_EQ(other.use(counter.key, counter.window).used, 1u);
    counter.key = quotaKey(room.countersFree + 1);
    counter.window = minuteOf(kNow, -1);
    EXPECT_TRUE(other.restore(counter, kNow));
    EXPECT_EQ(other.use(counter.key, minuteOf(kNow, -1)).used, 0u);
}

TEST_F(QuotaRecordsTest, SayWhenThereIsNoRoomForAHold) {
    QuotaRecord hold = take(1, {claimOf(1, 9)}).records.at(0);
    const std::uint32_t room = other.gauges().holdsFree;
    for (std::uint64_t job = 1; job <= room; ++job) {
        hold.holder.job = idNumber(job);
        ASSERT_TRUE(other.restore(hold, kNow));
    }
    EXPECT_EQ(other.gauges().holdsFree, 0u);
    // One that is there needs none.
    EXPECT_TRUE(other.restore(hold, kNow));
    hold.holder.job = idNumber(room + 1);
    EXPECT_FALSE(other.restore(hold, kNow));
    EXPECT_EQ(allHolds(other).size(), room);
    EXPECT_EQ(other.gauges().repairs, 0u);
}

/// Some life of a zone, call by call.
class QuotaLifeTest : public QuotaRecordsTest {
protected:
    static constexpr std::uint64_t kKeys = 10;

    explicit QuotaLifeTest() : random(1) {}

    Records call() {
        const std::uint64_t job = lastJob - std::min<std::uint64_t>(lastJob, random() % 12);
        switch (random() % 8) {
            case 0:
            case 1:
            case 2:
                return takeSome();
            case 3:
            case 4:
                return counters.keep(idNumber(job));
            case 5:
                return counters.giveBack(idNumber(job));
            case 6:
                return counters.settle(idNumber(job),
                                       random() % 3 == 0
                                           ? std::nullopt
                                           : std::optional<std::uint64_t>(random() % 900));
            default:
                now += static_cast<std::int64_t>(random() % 3) * kMinute / 2;
                return {};
        }
    }

    Records takeSome() {
        std::vector<QuotaClaim> claims;
        for (std::uint64_t count = 1 + random() % 3; count > 0; --count) {
            const std::uint64_t key = random() % kKeys;
            claims.push_back(key % 2 == 0 ? claimOf(key, 40, 1 + random() % 3, now)
                                          : settledClaim(key, 9000, random() % 700, now));
        }
        return take(++lastJob, claims, now).records;
    }

    std::mt19937 random;
    std::uint64_t lastJob = 0;
    std::int64_t now = kNow;
};

TEST_F(QuotaLifeTest, AllThatWasWrittenInAnyOrderAndTwiceSaysWhatThereIs) {
    for (std::uint32_t seed = 0; seed < 60 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        random.seed(seed);
        counters = makeCounters();
        records.clear();
        for (int step = 0; step < 400; ++step) {
            add(call());
        }
        restoreWritten(records);
        expectSameButForFormerWindows(kKeys);
        std::shuffle(records.begin(), records.end(), random);
        records.insert(records.end(), records.begin(), records.begin() + records.size() / 2);
        restoreWritten(records);
        expectSameButForFormerWindows(kKeys);
    }
}

TEST_F(QuotaLifeTest, WhatRecordsTellsSaysWhatThereIsInAnyOrderAndTwice) {
    for (std::uint32_t seed = 100; seed < 130 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        random.seed(seed);
        counters = makeCounters();
        for (int step = 0; step < 300; ++step) {
            call();
        }
        records = allRecords(counters, 1 + random() % 5);
        restore(records);
        expectSame(kKeys);
        // And so does what another zone has of it.
        restore(allRecords(other));
        expectSame(kKeys);
        std::shuffle(records.begin(), records.end(), random);
        records.insert(records.end(), records.begin(), records.begin() + records.size() / 2);
        restore(records);
        expectSame(kKeys);
    }
}

TEST_F(QuotaLifeTest, WhatIsToldWhileTheLifeGoesOnIsWholeWithWhatWasWrittenSince) {
    for (std::uint32_t seed = 200; seed < 240 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        random.seed(seed);
        counters = makeCounters();
        records.clear();
        for (int step = 0; step < 200; ++step) {
            call();
        }
        Records copied;
        std::uint32_t cursor = 0;
        do {
            const Records piece = counters.records(cursor, 1 + random() % 3);
            copied.insert(copied.end(), piece.begin(), piece.end());
            for (int step = 0; step < 5; ++step) {
                add(call());
            }
        } while (cursor != 0);
        restoreWritten(records, copied);
        expectSameButForFormerWindows(kKeys);
    }
}

/// What is used and held by nobody, whatever becomes of holds.
std::int64_t confirmed(QuotaCounters& counters, std::uint64_t key) {
    const QuotaUse use = counters.use(quotaKey(key), {0, 1});
    std::int64_t rest = static_cast<std::int64_t>(use.used);
    for (const QuotaRecord& hold : holdRecords(counters)) {
        const bool isOfIt = hold.key == quotaKey(key) && hold.window.begin == use.window.begin;
        rest -= isOfIt ? static_cast<std::int64_t>(hold.amount) : 0;
    }
    return rest;
}

TEST_F(QuotaLifeTest, WhereTheLastRecordsOfACallAreLostNothingIsCountedTooLow) {
    for (std::uint32_t seed = 300; seed < 315 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        random.seed(seed);
        counters = makeCounters();
        records.clear();
        for (int step = 0; step < 120; ++step) {
            std::vector<std::int64_t> before;
            std::vector<std::int64_t> windows;
            for (std::uint64_t key = 0; key < kKeys; ++key) {
                before.push_back(confirmed(counters, key));
                windows.push_back(counters.use(quotaKey(key), {0, 1}).window.begin);
            }
            const Records more = call();
            for (std::size_t kept = 1; kept < more.size(); ++kept) {
                Records torn = records;
                torn.insert(torn.end(), more.begin(),
                            more.begin() + static_cast<std::ptrdiff_t>(kept));
                restoreWritten(torn);
                for (std::uint64_t key = 0; key < kKeys; ++key) {
                    const std::int64_t begin = other.use(quotaKey(key), {0, 1}).window.begin;
                    const std::int64_t least =
                        std::min(confirmed(counters, key), begin == windows[key] ? before[key] : 0);
                    ASSERT_GE(confirmed(other, key), least) << "key " << key << " step " << step;
                }
            }
            add(more);
        }
    }
}

}  // namespace

}  // namespace edgerun::store
