#include <algorithm>
#include <map>
#include <random>

#include "store_quota_fixture.h"

namespace edgerun::store {

namespace {

using Outcome = QuotaOutcome;

/// The same, done naively.
class Model {
public:
    struct Hold {
        std::uint64_t job, key, amount, claims;
        std::int64_t begin;
        bool isSettled;
    };
    struct Counter {
        std::int64_t begin = INT64_MIN;
        std::uint64_t used = 0;
    };

    bool take(std::uint64_t job, const std::vector<QuotaClaim>& claims,
              const std::vector<std::uint64_t>& keys) {
        for (std::size_t at = 0; at < claims.size(); ++at) {
            const Counter& counter = counters[keys[at]];
            const std::uint64_t used = claims[at].window.begin > counter.begin ? 0 : counter.used;
            if (!claims[at].isDryRun && used + claims[at].amount > claims[at].limit) {
                return false;
            }
        }
        for (std::size_t at = 0; at < claims.size(); ++at) {
            Counter& counter = counters[keys[at]];
            if (claims[at].window.begin > counter.begin) {
                counter = {claims[at].window.begin, 0};
            }
            counter.used += claims[at].amount;
            holds.push_back(
                {job, keys[at], claims[at].amount, 1, counter.begin, claims[at].isSettled});
        }
        return true;
    }

    template <typename CountsOf>
    void end(std::uint64_t job, CountsOf countsOf) {
        for (std::size_t at = 0; at < holds.size();) {
            const Hold hold = holds[at];
            const std::optional<std::uint64_t> counts = countsOf(hold);
            if (hold.job != job || !counts) {
                ++at;
                continue;
            }
            Counter& counter = counters[hold.key];
            if (counter.begin == hold.begin) {
                counter.used = counter.used - hold.amount + *counts;
            }
            holds.erase(holds.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }

    std::uint64_t reservedOf(std::uint64_t key) {
        std::uint64_t sum = 0;
        for (const Hold& hold : holds) {
            const bool isOfIt = hold.key == key && hold.begin == counters[key].begin;
            sum += isOfIt && hold.isSettled ? hold.amount : 0;
        }
        return sum;
    }

    std::map<std::uint64_t, Counter> counters;
    std::vector<Hold> holds;
};

TEST_F(QuotaCountersTest, DoesWhatAModelDoes) {
    std::mt19937 random(42);
    Model model;
    std::int64_t now = kNow;
    std::uint64_t lastJob = 0;
    for (int step = 0; step < 40'000; ++step) {
        const std::uint64_t job = lastJob - std::min<std::uint64_t>(lastJob, random() % 20);
        std::vector<QuotaClaim> claims;
        std::vector<std::uint64_t> keys;
        switch (random() % 7) {
            case 0:
            case 1:
            case 2:
                for (std::uint64_t key = random() % 4; key < 12; key += 1 + random() % 9) {
                    claims.push_back(claimOf(key, random() % 30, random() % 4, now));
                    claims.back().isSettled = key % 2 == 0;
                    claims.back().isDryRun = random() % 4 == 0;
                    keys.push_back(key);
                }
                ++lastJob;
                // Clocks go back, too.
                ASSERT_EQ(outcome(lastJob, claims, now) == Outcome::Taken,
                          model.take(lastJob, claims, keys));
                break;
            case 3:
                counters.keep(idNumber(job));
                model.end(job, [](const Model::Hold& hold) {
                    return hold.isSettled ? std::nullopt : std::optional(hold.amount);
                });
                break;
            case 4:
                counters.giveBack(idNumber(job));
                model.end(job, [](const Model::Hold&) { return std::optional<std::uint64_t>(0); });
                break;
            case 5: {
                const std::uint64_t amount = random() % 9;
                counters.settle(idNumber(job), amount);
                model.end(job, [amount](const Model::Hold& hold) {
                    return std::optional(hold.isSettled ? amount : hold.amount);
                });
                break;
            }
            case 6:
                now += random() % 20 == 0 ? static_cast<std::int64_t>(random() % 3 - 1) * kMinute
                                          : 100;
                break;
        }
        const std::uint64_t key = random() % 12;
        const QuotaUse use = counters.use(quotaKey(key), {model.counters[key].begin, INT64_MAX});
        ASSERT_EQ(use.used, model.counters[key].used) << "step " << step << " key " << key;
        ASSERT_EQ(use.reserved, model.reservedOf(key)) << "step " << step;
        if (model.holds.size() > 60) {
            model.end(model.holds[0].job,
                      [](const Model::Hold&) { return std::optional<std::uint64_t>(0); });
            for (const QuotaHold& hold : allHolds(counters)) {
                const auto of = [&hold](const Model::Hold& known) {
                    return idNumber(known.job) == hold.holder.job;
                };
                if (std::none_of(model.holds.begin(), model.holds.end(), of)) {
                    counters.giveBack(hold.holder.job);
                }
            }
        }
    }
    EXPECT_EQ(allHolds(counters).size(), model.holds.size());
    EXPECT_EQ(counters.gauges().repairs, 0u);
    EXPECT_GT(lastJob, 10'000u);
}

}  // namespace

}  // namespace edgerun::store
