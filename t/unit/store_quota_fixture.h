#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "edgerun/store/quota_counters.h"
#include "store_arena_fixture.h"

namespace edgerun::store {

inline constexpr std::int64_t kMinute = 60'000;
inline constexpr std::int64_t kNow = 1'000 * kMinute;

inline QuotaKey quotaKey(std::uint64_t number) {
    QuotaKey key{};
    std::memcpy(key.data(), &number, sizeof(number));
    return key;
}

/// The minute in which `now` is, or so many later.
inline QuotaWindow minuteOf(std::int64_t now, std::int64_t later = 0) {
    const std::int64_t begin = (now / kMinute + later) * kMinute;
    return {begin, begin + kMinute};
}

inline QuotaClaim claimOf(std::uint64_t key, std::uint64_t limit, std::uint64_t amount = 1,
                          std::int64_t now = kNow) {
    QuotaClaim claim;
    claim.key = quotaKey(key);
    claim.window = minuteOf(now);
    claim.limit = limit;
    claim.amount = amount;
    return claim;
}

inline QuotaClaim settledClaim(std::uint64_t key, std::uint64_t limit, std::uint64_t amount,
                               std::int64_t now = kNow) {
    QuotaClaim claim = claimOf(key, limit, amount, now);
    claim.isSettled = true;
    return claim;
}

inline QuotaClaim dryRun(QuotaClaim claim) {
    claim.isDryRun = true;
    return claim;
}

inline QuotaHolder holderNumber(std::uint64_t job, std::int32_t pid = 1) {
    return {idNumber(job), 77, pid};
}

inline std::vector<QuotaHold> allHolds(QuotaCounters& counters, std::size_t most = 100) {
    std::vector<QuotaHold> all;
    std::uint32_t cursor = 0;
    do {
        for (const QuotaHold& hold : counters.holds(cursor, most)) {
            all.push_back(hold);
        }
    } while (cursor != 0);
    return all;
}

inline std::vector<QuotaRecord> allRecords(QuotaCounters& counters, std::size_t most = 100) {
    std::vector<QuotaRecord> all;
    std::uint32_t cursor = 0;
    do {
        for (const QuotaRecord& record : counters.records(cursor, most)) {
            all.push_back(record);
        }
    } while (cursor != 0);
    return all;
}

/// The holds among them.
inline std::vector<QuotaRecord> holdRecords(QuotaCounters& counters) {
    std::vector<QuotaRecord> holds;
    for (const QuotaRecord& record : allRecords(counters)) {
        if (record.kind == QuotaRecord::Kind::Hold) {
            holds.push_back(record);
        }
    }
    return holds;
}

/// What holds say that does not depend on the process's life or their order.
inline std::map<std::string, std::string> contentOf(const std::vector<QuotaRecord>& holds) {
    std::map<std::string, std::string> content;
    for (const QuotaRecord& hold : holds) {
        const std::string name(hold.holder.job.begin(), hold.holder.job.end());
        content[name + std::string(hold.key.begin(), hold.key.end())] =
            std::to_string(hold.amount) + " from " + std::to_string(hold.window.begin) + " to " +
            std::to_string(hold.window.end) + " of " + std::to_string(hold.holder.pid) + " in " +
            std::to_string(hold.holder.jobZone) + (hold.isAccepted ? ", accepted" : "");
    }
    EXPECT_EQ(content.size(), holds.size());
    return content;
}

/// Counters without anything counted.
class QuotaCountersTest : public testing::Test {
protected:
    explicit QuotaCountersTest(std::size_t bytes = QuotaCounters::kMinimumBytes)
        : memory(bytes), counters(makeCounters()) {}

    QuotaCounters makeCounters() {
        EXPECT_TRUE(QuotaCounters::format(memory.data(), memory.size()));
        return *QuotaCounters::attach(memory.data(), memory.size(), lock);
    }

    QuotaTaken take(std::uint64_t job, const std::vector<QuotaClaim>& claims,
                    std::int64_t now = kNow) {
        return counters.take(holderNumber(job), claims, now);
    }
    QuotaOutcome outcome(std::uint64_t job, const std::vector<QuotaClaim>& claims,
                         std::int64_t now = kNow) {
        return take(job, claims, now).outcome;
    }
    std::uint64_t used(std::uint64_t key, std::int64_t now = kNow) {
        return counters.use(quotaKey(key), minuteOf(now)).used;
    }
    std::uint64_t reserved(std::uint64_t key, std::int64_t now = kNow) {
        return counters.use(quotaKey(key), minuteOf(now)).reserved;
    }

    ArenaMemory memory;
    SingleThreadLock lock;
    QuotaCounters counters;
};

}  // namespace edgerun::store
