#include <sys/time.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <random>

#include "store_quota_fixture.h"
#include "store_shared_memory.h"

/// Several workers at once, each of which dies at any instruction; the others decide what it held,
/// by what became of its jobs.
namespace edgerun::store {

namespace {

constexpr std::size_t kBytes = 64 * 1024;
constexpr int kWorkers = 4;
constexpr std::uint64_t kLimit = 1'000;
constexpr std::uint64_t kQuotas = 60;
constexpr std::uint64_t kJobs = 1 << 22;
constexpr std::uint64_t kReserve = 50;

/// The key of all jobs' tokens; those of their requests are smaller.
constexpr std::uint64_t kTokens = 1'000;

enum class Fate : std::uint8_t { Unknown, Running, Ended };

struct Shared {
    std::atomic<pid_t> holder;  ///< of the lock
    std::atomic<std::uint64_t> lastJob;
    std::atomic<std::uint64_t> wrong;
    std::atomic<Fate> fates[kJobs];
    std::atomic<std::uint8_t> quotas[kJobs];
};

std::uint64_t numberOf(const JobId& id) {
    std::uint64_t number;
    std::memcpy(&number, &id[7], sizeof(number));
    return number;
}

std::uint64_t tokensOf(std::uint64_t job) {
    return job * 31 % 97;
}

class Worker {
public:
    Worker(void* memory, Shared& shared)
        : lock_(shared.holder),
          counters_(*QuotaCounters::attach(memory, kBytes, lock_)),
          shared_(shared),
          random_(static_cast<unsigned>(getpid())) {}

    /// Dies of an alarm, at any instruction, or ends when nothing is left.
    void live() {
        const itimerval alarm{{}, {0, 100 + static_cast<suseconds_t>(random_() % 1500)}};
        setitimer(ITIMER_REAL, &alarm, nullptr);
        finish();
    }

    void finish() {
        while (submitAny() || decideHolds()) {
            look();
        }
    }

private:
    /// False when all quotas are spent, or the dead hold so much that there is no room.
    bool submitAny() {
        const std::uint64_t first = random_() % kQuotas;
        for (std::uint64_t quota = 0; quota < kQuotas; ++quota) {
            if (submit((first + quota) % kQuotas)) {
                return true;
            }
        }
        return false;
    }

    bool submit(std::uint64_t quota) {
        const std::uint64_t job = ++shared_.lastJob;
        if (job >= kJobs) {
            ++shared_.wrong;
            return false;
        }
        shared_.quotas[job] = static_cast<std::uint8_t>(quota);
        const QuotaHolder holder = holderNumber(job, getpid());
        const QuotaOutcome outcome =
            counters_
                .take(holder, {claimOf(quota, kLimit), settledClaim(kTokens, UINT64_MAX, kReserve)},
                      kNow)
                .outcome;
        if (outcome != QuotaOutcome::Taken) {
            return false;
        }
        if (random_() % 5 == 0) {
            counters_.giveBack(holder.job);  // what the job needed else was not to be had
            return true;
        }
        shared_.fates[job] = Fate::Running;
        counters_.keep(holder.job);
        end(job);
        return true;
    }

    void end(std::uint64_t job) {
        shared_.fates[job] = Fate::Ended;
        counters_.settle(idNumber(job), tokensOf(job));
    }

    /// False if nobody holds anything.
    bool decideHolds() {
        bool isAny = false;
        for (const QuotaHold& hold : allHolds(counters_)) {
            isAny = true;
            const pid_t pid = hold.holder.pid;
            if (pid == getpid() || (kill(pid, 0) == -1 && errno == ESRCH)) {
                decide(numberOf(hold.holder.job));
            }
        }
        return isAny;
    }

    void decide(std::uint64_t job) {
        if (shared_.fates[job] == Fate::Unknown) {
            counters_.giveBack(idNumber(job));
            return;
        }
        counters_.keep(idNumber(job));
        end(job);
    }

    void look() {
        const QuotaUse use = counters_.use(quotaKey(random_() % kQuotas), minuteOf(kNow));
        shared_.wrong += use.used > kLimit ? 1 : 0;
    }

    PidLock lock_;
    QuotaCounters counters_;
    Shared& shared_;
    std::mt19937 random_;
};

class QuotaProcessesTest : public testing::Test {
protected:
    QuotaProcessesTest() : shared(*new (notes.data()) Shared()) {
        QuotaCounters::format(memory.data(), kBytes);
    }

    void startOne() {
        start([this] { Worker(memory.data(), shared).live(); });
    }

    /// True if it was killed.
    bool buryOne() {
        int status = 0;
        pid_t dead = wait(&status);
        shared.holder.compare_exchange_strong(dead, 0);
        return WIFSIGNALED(status);
    }

    SharedMemory memory{kBytes};
    SharedMemory notes{sizeof(Shared)};
    Shared& shared;
};

TEST_F(QuotaProcessesTest, AcceptExactlySoManyHoweverManyOfThemDie) {
    for (int worker = 0; worker < kWorkers; ++worker) {
        startOne();
    }
    std::uint64_t deaths = 0;
    for (int left = kWorkers; left > 0;) {
        if (buryOne()) {
            ++deaths;
            startOne();
        } else {
            --left;
        }
    }
    ForcedLock lock;
    auto counters = *QuotaCounters::attach(memory.data(), kBytes, lock);
    std::uint64_t accepted[kQuotas] = {};
    std::uint64_t tokens = 0;
    for (std::uint64_t job = 0; job <= shared.lastJob; ++job) {
        ASSERT_NE(shared.fates[job], Fate::Running) << "job " << job;
        accepted[shared.quotas[job]] += shared.fates[job] == Fate::Ended ? 1 : 0;
        tokens += shared.fates[job] == Fate::Ended ? tokensOf(job) : 0;
    }
    for (std::uint64_t quota = 0; quota < kQuotas; ++quota) {
        EXPECT_EQ(accepted[quota], kLimit) << "quota " << quota;
        EXPECT_EQ(counters.use(quotaKey(quota), minuteOf(kNow)).used, kLimit);
    }
    EXPECT_EQ(counters.use(quotaKey(kTokens), minuteOf(kNow)).used, tokens);
    EXPECT_EQ(counters.use(quotaKey(kTokens), minuteOf(kNow)).reserved, 0u);
    EXPECT_EQ(counters.gauges().holds, 0u);
    EXPECT_EQ(shared.wrong, 0u);
    EXPECT_GT(deaths, 20u);
}

}  // namespace

}  // namespace edgerun::store
