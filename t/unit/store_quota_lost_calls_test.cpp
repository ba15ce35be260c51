#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

#include "store_quota_journal_fixture.h"

/// Several workers, each of which writes what it does in its order, some time after it did it.
/// Then all are killed: what the journal holds is as if the lost part had never been done.
namespace edgerun::store {
namespace {

constexpr std::uint8_t kKeys = 6;
constexpr std::int64_t kLength = 60'000;

using Records = std::vector<QuotaRecord>;

QuotaWindow windowNumber(std::int64_t number) {
    return {kQuotaNow + number * kLength, kQuotaNow + (number + 1) * kLength};
}

struct Call {
    enum class Kind { Take, Keep, GiveBack, Settle };
    Kind kind = Kind::Take;
    std::uint32_t job = 0;
    std::optional<std::uint64_t> amount{};  ///< of settle()
    Records records{};
    std::size_t written = 0;  ///< of them
};

/// What quotas are to say, told by what was written of each call.
class Model {
public:
    void add(const Call& call) {
        for (std::size_t at = 0; at < call.records.size(); at++) {
            Hold& hold = holds_[{call.job, call.records[at].key}];
            if (call.kind == Call::Kind::Take) {
                hold.taken = call.records[at];
            }
            if (at < call.written) {
                hold.isKnown = true;
                decide(call, hold);
            }
        }
    }

    /// What is used, and how much of that is held, in the newest window of which is known.
    std::pair<std::uint64_t, std::uint64_t> use(const QuotaKey& key) const {
        std::int64_t newest = INT64_MIN;
        std::pair<std::uint64_t, std::uint64_t> use;
        for (const auto& [name, hold] : holds_) {
            const std::int64_t begin = hold.taken.window.begin;
            if (name.second != key || !hold.isKnown || begin < newest) {
                continue;
            }
            use = begin > newest ? std::pair<std::uint64_t, std::uint64_t>() : use;
            newest = begin;
            use.first += hold.counts;
            use.second += hold.isOver ? 0 : hold.taken.amount;
        }
        return use;
    }

private:
    struct Hold {
        QuotaRecord taken;
        bool isKnown = false;
        bool isOver = false;
        std::uint64_t counts = 0;
    };

    static void decide(const Call& call, Hold& hold) {
        const bool mayStay = call.kind == Call::Kind::Take ||
                             (call.kind == Call::Kind::Keep && hold.taken.isSettled);
        hold.isOver = !mayStay;
        switch (call.kind) {
            case Call::Kind::Take:
            case Call::Kind::Keep:
                hold.counts = hold.taken.amount;
                break;
            case Call::Kind::GiveBack:
                hold.counts = 0;
                break;
            case Call::Kind::Settle:
                hold.counts = hold.taken.isSettled && call.amount ? *call.amount * hold.taken.claims
                                                                  : hold.taken.amount;
                break;
        }
    }

    std::map<std::pair<std::uint32_t, QuotaKey>, Hold> holds_;
};

class StoreQuotaLostCalls : public testing::TestWithParam<int> {
protected:
    void live(int count) {
        for (int step = 0; step < count; step++) {
            Call call = make();
            call.written = call.records.size();
            if (!call.records.empty()) {
                calls.push_back(std::move(call));
            }
        }
    }

    Call make() {
        const std::uint32_t job = lastJob - std::min<std::uint32_t>(lastJob, random() % 12);
        switch (random() % 8) {
            case 0:
            case 1:
            case 2:
                return take();
            case 3:
            case 4:
                return {Call::Kind::Keep, job, {}, counters.keep(quotaJob(job))};
            case 5:
                return {Call::Kind::GiveBack, job, {}, counters.giveBack(quotaJob(job))};
            default: {
                std::optional<std::uint64_t> amount;
                if (random() % 3 != 0) {
                    amount = random() % 900;
                }
                return {Call::Kind::Settle, job, amount, counters.settle(quotaJob(job), amount)};
            }
        }
    }

    Call take() {
        window += random() % 20 == 0 ? 1 : 0;
        std::vector<QuotaClaim> claims;
        for (std::uint64_t count = 1 + random() % 3; count > 0; count--) {
            const auto key = static_cast<std::uint8_t>(random() % kKeys);
            const bool isSettled = key % 2 == 1;
            claims.push_back({quotaKey(key), windowNumber(window), 1'000'000,
                              1 + random() % (isSettled ? 700 : 3), isSettled, false});
        }
        const std::uint32_t job = ++lastJob;
        return {
            Call::Kind::Take, job, {}, counters.take(quotaHolder(job), claims, kQuotaNow).records};
    }

    /// Some workers wrote these; each has lost its last ones, the first of which perhaps in part.
    std::string writeAndLose() {
        std::vector<std::vector<Call*>> workers(1 + random() % 5);
        for (Call& call : calls) {
            workers[random() % workers.size()].push_back(&call);
        }
        std::string bytes;
        for (const auto& mine : workers) {
            const std::size_t lost = std::min<std::size_t>(mine.size(), random() % 30);
            const std::size_t whole = mine.size() - lost;
            for (std::size_t at = 0; at < mine.size(); at++) {
                const std::string frames = framesOf(mine[at]->records);
                const std::size_t length = at < whole    ? frames.size()
                                           : at == whole ? random() % frames.size()
                                                         : 0;
                mine[at]->written = length / kQuotaFrameBytes;
                bytes += frames.substr(0, length);
            }
        }
        return bytes;
    }

    std::string copy(int callsBetween) {
        std::string bytes;
        std::uint32_t cursor = 0;
        do {
            for (const QuotaRecord& record : counters.records(cursor, 1 + random() % 9)) {
                appendCopy(bytes, record);
            }
            live(callsBetween);
        } while (cursor != 0);
        return bytes;
    }

    void passCallsTo(Model& model) {
        for (const Call& call : calls) {
            model.add(call);
        }
        calls.clear();
    }

    void expectAs(const Model& model, const std::string& bytes) {
        const QuotaDirectory directory;
        directory.write(1, bytes);
        QuotaZoneOfTests next;
        QuotaCounters loaded = next.counters();
        std::string problem;
        ASSERT_TRUE(loadQuotaFiles(directory.path(), loaded, kQuotaNow, problem)) << problem;
        std::map<QuotaKey, std::uint64_t> held;
        for (const auto& [name, hold] : stateOf(loaded).second) {
            held[name.second] += std::get<0>(hold);
        }
        for (std::uint8_t number = 0; number < kKeys; number++) {
            const QuotaKey key = quotaKey(number);
            EXPECT_EQ(std::pair(loaded.use(key, windowNumber(-1000)).used, held[key]),
                      model.use(key))
                << "key " << int{number};
        }
    }

    std::mt19937 random{static_cast<std::uint32_t>(GetParam())};
    QuotaZoneOfTests zone;
    QuotaCounters counters = zone.counters();
    std::uint32_t lastJob = 0;
    std::int64_t window = 0;
    std::vector<Call> calls;
};

TEST_P(StoreQuotaLostCalls, WereNeverMade) {
    Model model;
    live(200);
    const std::string bytes = writeAndLose();
    passCallsTo(model);
    expectAs(model, bytes);
}

/// Also those that were made, and written, meanwhile or before.
TEST_P(StoreQuotaLostCalls, WereMadeIfAllWasSaidAnewSince) {
    Model model;
    live(60);
    std::string bytes;
    for (const Call& call : calls) {
        bytes += random() % 4 == 0 ? framesOf(call.records) : "";
    }
    passCallsTo(model);
    bytes += copy(GetParam() % 3);
    for (const Call& call : calls) {
        bytes += framesOf(call.records);
    }
    passCallsTo(model);
    appendWholeMark(bytes);
    live(100);
    bytes += writeAndLose();
    passCallsTo(model);
    expectAs(model, bytes);
}

INSTANTIATE_TEST_SUITE_P(Of, StoreQuotaLostCalls, testing::Range(0, 150));

}  // namespace
}  // namespace edgerun::store
