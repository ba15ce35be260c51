#include "edgerun/engine/quota_book.h"

#include <algorithm>
#include <exception>
#include <unordered_map>
#include <utility>

#include "edgerun/engine/clocks.h"
#include "edgerun/engine/quota_journal.h"
#include "edgerun/loop/loop_event.h"
#include "quota_holds.h"
#include "quota_receipt.h"

namespace edgerun::engine {

namespace {

constexpr std::uint64_t kTick = 1'000;       // ms
constexpr std::uint64_t kFullTold = 60'000;  // ms, until it is told again
constexpr std::size_t kMostSearches = 16;    // in a row, for who would be refused

using Records = std::vector<store::QuotaRecord>;

struct Zone {
    std::string name;
    store::QuotaCounters counters;
    std::unique_ptr<QuotaJournal> journal;  ///< null: ends with the zone
    HoldRounds rounds;
    std::uint64_t tellsFullFrom = 0;

    bool isHealthy() const { return journal == nullptr || journal->isHealthy(); }
    void journalise(const Records& records) {
        if (journal != nullptr && !records.empty()) {
            journal->append(records, nullptr);
        }
    }
    void noteFull();
    store::QuotaTaken take(const store::QuotaHolder& holder,
                           const std::vector<store::QuotaClaim>& claims, JobFates& fates);
};

/// Nobody is refused for what a worker held that has just died.
store::QuotaTaken Zone::take(const store::QuotaHolder& holder,
                             const std::vector<store::QuotaClaim>& claims, JobFates& fates) {
    auto taken = counters.take(holder, claims, wallNow());
    for (std::size_t i = 0; i < kMostSearches; i++) {
        if (taken.outcome != store::QuotaOutcome::Spent || !rounds.maySearch()) {
            break;
        }
        const Records decided = rounds.search(counters, fates);
        if (!decided.empty()) {
            journalise(decided);
            taken = counters.take(holder, claims, wallNow());
        }
    }
    return taken;
}

void Zone::noteFull() {
    if (monotonicNow() < tellsFullFrom) {
        return;
    }
    tellsFullFrom = monotonicNow() + kFullTold;
    const auto gauges = counters.gauges();
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "edgerun: the quota zone \"%s\" is full, jobs are refused: %uD counters are in "
                  "use and %uD are free, %uD holds are in use and %uD are free; give it more",
                  name.c_str(), gauges.counters, gauges.countersFree, gauges.holds,
                  gauges.holdsFree);
}

/// What one job is to take from one zone.
struct Share {
    std::size_t zone;
    std::vector<store::QuotaClaim> claims;
    std::vector<std::size_t> orders;  ///< of which they are
    Records records{};                ///< once taken
};

std::vector<Share> sharesOf(const std::vector<QuotaOrder>& orders) {
    std::vector<Share> shares;
    for (std::size_t i = 0; i < orders.size(); i++) {
        const std::size_t zone = orders[i].zone;
        auto share = std::find_if(shares.begin(), shares.end(),
                                  [&](const Share& one) { return one.zone == zone; });
        if (share == shares.end()) {
            share = shares.insert(shares.end(), Share{zone, {}, {}});
        }
        share->claims.push_back(orders[i].claim);
        share->orders.push_back(i);
    }
    return shares;
}

bool wouldExceed(const store::QuotaClaim& claim, const store::QuotaUse& use) {
    return use.used > claim.limit || claim.amount > claim.limit - use.used;
}

}  // namespace

struct QuotaBook::Impl {
    explicit Impl(JobFates& jobFates) : fates(jobFates), tick(onTick, this) {}

    QuotaVerdict take(const store::JobId& job, std::uint64_t jobZone,
                      const std::vector<QuotaOrder>& orders, QuotaWaiter& waiter);
    QuotaVerdict takeAll(const store::QuotaHolder& holder, std::vector<Share>& shares,
                         std::size_t orders);
    void note(QuotaVerdict& verdict, const Share& share, const store::QuotaTaken& taken);
    bool mayTake(const std::vector<Share>& shares) const;
    void showBut(QuotaVerdict& verdict, const std::vector<Share>& shares, const Share* refusing);
    bool await(std::vector<Share>& shares, QuotaWaiter& waiter);
    void forget(QuotaWaiter& waiter) noexcept;
    static void onWritten(void* self, Receipt& receipt) noexcept;

    template <typename Change>
    void change(Change&& change) noexcept;

    static void onTick(void* self) noexcept;
    void lookAtHolds();

    JobFates& fates;
    std::unordered_map<Receipt*, std::unique_ptr<Receipt>> receipts;
    std::unordered_map<QuotaWaiter*, Receipt*> waiting;
    std::vector<std::unique_ptr<Zone>> zones;
    loop::LoopEvent tick;
};

namespace {

std::unique_ptr<Zone> open(const QuotaZone& zone) {
    // One for the loop, and one for the journal's thread.
    auto counters = store::QuotaCounters::attach(zone.memory, zone.bytes, *zone.lock);
    if (!counters) {
        ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0,
                      "edgerun: the quota zone \"%s\" is not readable", zone.name.c_str());
        return nullptr;
    }
    auto opened = std::make_unique<Zone>(Zone{zone.name, *counters, nullptr, {}});
    if (!zone.journal.empty()) {
        opened->journal = QuotaJournal::create({zone.name, zone.journal, zone.pool}, *counters);
        if (opened->journal == nullptr) {
            return nullptr;
        }
    }
    return opened;
}

}  // namespace

std::unique_ptr<QuotaBook> QuotaBook::create(const std::vector<QuotaZone>& zones, JobFates& fates) {
    auto impl = std::make_unique<Impl>(fates);
    for (const QuotaZone& zone : zones) {
        auto opened = open(zone);
        if (opened == nullptr) {
            return nullptr;
        }
        impl->zones.push_back(std::move(opened));
    }
    if (!zones.empty()) {
        impl->tick.after(kTick);
    }
    return std::unique_ptr<QuotaBook>(new QuotaBook(std::move(impl)));
}

QuotaBook::QuotaBook(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

QuotaBook::~QuotaBook() = default;

QuotaVerdict QuotaBook::take(const store::JobId& job, std::uint64_t jobZone,
                             const std::vector<QuotaOrder>& orders, QuotaWaiter& waiter) {
    return impl_->take(job, jobZone, orders, waiter);
}

void QuotaBook::forget(QuotaWaiter& waiter) noexcept {
    impl_->forget(waiter);
}

void QuotaBook::keep(const store::JobId& job) noexcept {
    impl_->change([&](store::QuotaCounters& counters) { return counters.keep(job); });
}

void QuotaBook::giveBack(const store::JobId& job) noexcept {
    impl_->change([&](store::QuotaCounters& counters) { return counters.giveBack(job); });
}

void QuotaBook::settle(const store::JobId& job, const run::Record& record) noexcept {
    const auto tokens = tokensOf(record);
    impl_->change([&](store::QuotaCounters& counters) { return counters.settle(job, tokens); });
}

store::QuotaUse QuotaBook::use(std::size_t zone, const store::QuotaKey& key,
                               const store::QuotaWindow& window) {
    return impl_->zones[zone]->counters.use(key, window);
}

// --- taking ---

QuotaVerdict QuotaBook::Impl::take(const store::JobId& job, std::uint64_t jobZone,
                                   const std::vector<QuotaOrder>& orders, QuotaWaiter& waiter) {
    std::vector<Share> shares = sharesOf(orders);
    try {
        QuotaVerdict verdict = takeAll({job, jobZone, ngx_pid}, shares, orders.size());
        if (verdict.outcome == store::QuotaOutcome::Taken) {
            verdict.isComing = await(shares, waiter);
        }
        return verdict;
    } catch (const std::exception&) {
        forget(waiter);
        change([&](store::QuotaCounters& counters) { return counters.giveBack(job); });
        throw;
    }
}

/// Zone by zone; what one refuses, those before it get back.
QuotaVerdict QuotaBook::Impl::takeAll(const store::QuotaHolder& holder, std::vector<Share>& shares,
                                      std::size_t orders) {
    QuotaVerdict verdict;
    verdict.uses.resize(orders);
    verdict.exceeded.resize(orders);
    if (!mayTake(shares)) {
        verdict.outcome = store::QuotaOutcome::Full;
        verdict.isUnavailable = true;
        showBut(verdict, shares, nullptr);
        return verdict;
    }
    for (Share& share : shares) {
        auto taken = zones[share.zone]->take(holder, share.claims, fates);
        note(verdict, share, taken);
        share.records = std::move(taken.records);
        if (taken.outcome != store::QuotaOutcome::Taken) {
            verdict.outcome = taken.outcome;
            if (taken.outcome == store::QuotaOutcome::Full) {
                zones[share.zone]->noteFull();
            }
            change([&](store::QuotaCounters& counters) { return counters.giveBack(holder.job); });
            showBut(verdict, shares, &share);
            return verdict;
        }
    }
    return verdict;
}

bool QuotaBook::Impl::mayTake(const std::vector<Share>& shares) const {
    return std::all_of(shares.begin(), shares.end(),
                       [&](const Share& share) { return zones[share.zone]->isHealthy(); });
}

void QuotaBook::Impl::note(QuotaVerdict& verdict, const Share& share,
                           const store::QuotaTaken& taken) {
    for (std::size_t i = 0; i < share.orders.size(); i++) {
        verdict.uses[share.orders[i]] = taken.uses[i];
        verdict.exceeded[share.orders[i]] = taken.exceeded[i];
    }
}

/// As those stand without this job that did not refuse it.
void QuotaBook::Impl::showBut(QuotaVerdict& verdict, const std::vector<Share>& shares,
                              const Share* refusing) {
    for (const Share& share : shares) {
        for (std::size_t i = 0; &share != refusing && i < share.orders.size(); i++) {
            const store::QuotaClaim& claim = share.claims[i];
            const auto use = zones[share.zone]->counters.use(claim.key, claim.window);
            verdict.exceeded[share.orders[i]] = wouldExceed(claim, use);
            verdict.uses[share.orders[i]] = use;
        }
    }
}

/// False if there is nothing to wait for.
bool QuotaBook::Impl::await(std::vector<Share>& shares, QuotaWaiter& waiter) {
    auto made = std::make_unique<Receipt>(waiter, onWritten, this);
    Receipt& receipt = *made;
    receipts.emplace(&receipt, std::move(made));
    waiting[&waiter] = &receipt;
    for (const Share& share : shares) {
        QuotaJournal* const journal = zones[share.zone]->journal.get();
        if (journal != nullptr && !share.records.empty()) {
            journal->append(share.records, &receipt);
            receipt.awaitOne();
        }
    }
    if (!receipt.isAwaited()) {
        forget(waiter);
        receipts.erase(&receipt);
        return false;
    }
    return true;
}

void QuotaBook::Impl::forget(QuotaWaiter& waiter) noexcept {
    const auto found = waiting.find(&waiter);
    if (found != waiting.end()) {
        found->second->forget();
        waiting.erase(found);
    }
}

/// Whoever is told may take, give back and forget.
void QuotaBook::Impl::onWritten(void* self, Receipt& receipt) noexcept {
    auto* impl = static_cast<Impl*>(self);
    QuotaWaiter* const waiter = receipt.waiter();
    const bool isWritten = receipt.isWritten();
    impl->waiting.erase(waiter);
    impl->receipts.erase(&receipt);
    if (waiter != nullptr) {
        waiter->onQuotaWritten(isWritten);
    }
}

// --- what becomes of it ---

/// In every zone: which of them hold something for a job, they know themselves.
template <typename Change>
void QuotaBook::Impl::change(Change&& change) noexcept {
    for (const auto& zone : zones) {
        try {
            zone->journalise(change(zone->counters));
        } catch (const std::exception& trouble) {
            // Without memory. A hold that is left is looked at later.
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "edgerun: quota zone \"%s\": %s",
                          zone->name.c_str(), trouble.what());
        }
    }
}

void QuotaBook::Impl::onTick(void* self) noexcept {
    auto* impl = static_cast<Impl*>(self);
    try {
        impl->lookAtHolds();
    } catch (const std::exception& trouble) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "edgerun: quotas must wait: %s",
                      trouble.what());
    }
    impl->tick.after(kTick);
}

void QuotaBook::Impl::lookAtHolds() {
    for (const auto& zone : zones) {
        zone->journalise(zone->rounds.decideSome(zone->counters, fates));
        if (zone->journal != nullptr) {
            zone->journal->tick();
        }
    }
}

}  // namespace edgerun::engine
