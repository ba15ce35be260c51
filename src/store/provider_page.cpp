#include "edgerun/store/provider_page.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

#include "edgerun/run/provider_id.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::store {

namespace {

using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free);

/// To be changed with the layout.
constexpr std::uint64_t kMagic = 0x6564'6765'7250'0001;

/// While another job tries a provider, its success may come at any moment.
constexpr std::uint64_t kAskWhileTried = 1'000;  // ms
/// What says that a claim lasts longer was not written by us.
constexpr std::uint64_t kLongestClaim = 600'000;  // ms

/// Entries by a key that is never 0. A key stands there only while its entry is whole, so that
/// a death in between loses the entry and no more.
template <typename Entry, std::size_t N>
struct Table {
    Word keys[N];
    Entry entries[N];

    /// Needs no lock, and is cheap: eight keys stand in a line.
    Entry* find(std::uint64_t key) {
        for (std::size_t at = 0; at < N && key != 0; ++at) {
            if (keys[at].load(std::memory_order_relaxed) == key) {
                return &entries[at];
            }
        }
        return nullptr;
    }

    /// A cleared one where there is none.
    Entry& findOrAdd(std::uint64_t key, std::uint64_t now) {
        Entry* known = find(key);
        return known != nullptr ? *known : put(key, now, [](Entry& entry) { entry.clear(); });
    }

    /// `write` makes the entry whole.
    template <typename Write>
    Entry& put(std::uint64_t key, std::uint64_t now, Write write) {
        Entry* known = find(key);
        Entry& entry = known != nullptr ? *known : leastUsed(now);
        Word& place = keys[&entry - entries];
        place = 0;
        EDGERUN_CRASH_POINT(page_entry_taken);
        write(entry);
        entry.usedAt = now;
        EDGERUN_CRASH_POINT(page_entry_written);
        place = key;
        return entry;
    }

    void remove(const Entry& entry) { keys[&entry - entries] = 0; }

private:
    /// Where nothing stands, nothing was ever used; nor what pretends to be used in the future.
    Entry& leastUsed(std::uint64_t now) {
        std::size_t least = 0;
        std::uint64_t leastUsedAt = UINT64_MAX;
        for (std::size_t at = 0; at < N; ++at) {
            const std::uint64_t usedAt = entries[at].usedAt;
            const std::uint64_t rank = keys[at] == 0 || usedAt > now ? 0 : usedAt + 1;
            if (rank < leastUsedAt) {
                least = at;
                leastUsedAt = rank;
            }
        }
        return entries[least];
    }
};

/// A provider whose last call failed. Facts, not plans: what follows from them
/// depends on the policy of the present configuration.
struct Trouble {
    Word fails;        ///< in a row
    Word countedFrom;  ///< the first of them
    Word failedAt;     ///< the last of them
    Word isLeftAlone;  ///< 1: until a call is well
    Word triedAt;      ///< when a job was let through since; 0: none was
    Word askAt;        ///< who was refused last may ask again then
    Word usedAt;

    void clear() { fails = countedFrom = failedAt = isLeftAlone = triedAt = askAt = 0; }
};

struct SetUp {
    run::ProviderId id;  ///< empty: it is not set up
    Word claimedBy;      ///< the job that is at it, or 0
    Word claimedUntil;
    Word usedAt;

    void clear() {
        id.clear();
        claimedBy = claimedUntil = 0;
    }
};

/// When so much time has passed since then; now, if that lies in the future.
std::uint64_t endOf(std::uint64_t since, std::uint64_t time, std::uint64_t now) {
    return since > now || since + time < since ? now : since + time;
}

bool isClaimed(const SetUp& entry, std::uint64_t job, std::uint64_t now) {
    const std::uint64_t until = entry.claimedUntil;
    return entry.claimedBy != 0 && entry.claimedBy != job && now < until &&
           until - now <= kLongestClaim;
}

}  // namespace

struct ProviderPage::Layout {
    Word magic;
    Table<Trouble, 128> troubles;
    Table<SetUp, 256> assistants;
};

ProviderPage::ProviderPage(void* memory, SharedLock& lock)
    : page_(static_cast<Layout*>(memory)), lock_(&lock) {
    static_assert(sizeof(Layout) <= kBytes && alignof(Layout) <= 16);
    const std::lock_guard<SharedLock> guard(*lock_);
    if (page_->magic != kMagic) {
        std::memset(memory, 0, kBytes);
        EDGERUN_CRASH_POINT(page_cleared);
        page_->magic = kMagic;
    }
}

// --- how a provider does ---

bool ProviderPage::mayBegin(std::uint64_t provider, const FailurePolicy& policy,
                            std::uint64_t now) {
    if (policy.maxFails == 0 || page_->troubles.find(provider) == nullptr) {
        return true;
    }
    const std::lock_guard<SharedLock> guard(*lock_);
    Trouble* trouble = page_->troubles.find(provider);
    if (trouble == nullptr || trouble->isLeftAlone == 0) {
        return true;
    }
    const std::uint64_t end = endOf(trouble->failedAt, policy.failTimeout, now);
    if (now < end) {
        trouble->askAt = end;
        return false;
    }
    const std::uint64_t tried = trouble->triedAt;
    const std::uint64_t trialEnd = tried == 0 ? now : endOf(tried, policy.failTimeout, now);
    if (now < trialEnd) {
        trouble->askAt = std::min(trialEnd, now + kAskWhileTried);
        return false;
    }
    trouble->triedAt = now;
    trouble->usedAt = now;
    return true;
}

std::uint64_t ProviderPage::nextTry(std::uint64_t provider) {
    const std::lock_guard<SharedLock> guard(*lock_);
    const Trouble* trouble = page_->troubles.find(provider);
    return trouble == nullptr ? 0 : trouble->askAt.load();
}

bool ProviderPage::failed(std::uint64_t provider, const FailurePolicy& policy, std::uint64_t now) {
    if (policy.maxFails == 0 || provider == 0) {
        return false;
    }
    const std::lock_guard<SharedLock> guard(*lock_);
    Trouble& trouble = page_->troubles.findOrAdd(provider, now);
    const bool isSoon = now < endOf(trouble.countedFrom, policy.failTimeout, now);
    if (trouble.fails == 0 || !isSoon) {
        trouble.fails = 0;
        trouble.countedFrom = now;
    }
    ++trouble.fails;
    trouble.failedAt = now;
    trouble.usedAt = now;
    EDGERUN_CRASH_POINT(page_failure_counted);
    const bool isNews = trouble.isLeftAlone == 0 && trouble.fails >= policy.maxFails;
    if (isNews) {
        trouble.isLeftAlone = 1;
    }
    return isNews;
}

bool ProviderPage::succeeded(std::uint64_t provider) {
    if (page_->troubles.find(provider) == nullptr) {
        return false;
    }
    const std::lock_guard<SharedLock> guard(*lock_);
    const Trouble* trouble = page_->troubles.find(provider);
    if (trouble == nullptr) {
        return false;
    }
    const bool wasLeftAlone = trouble->isLeftAlone != 0;
    page_->troubles.remove(*trouble);
    return wasLeftAlone;
}

// --- assistants ---

std::optional<run::ProviderId> ProviderPage::findAssistant(std::uint64_t definition,
                                                           std::uint64_t now) {
    const std::lock_guard<SharedLock> guard(*lock_);
    SetUp* entry = page_->assistants.find(definition);
    if (entry == nullptr) {
        return std::nullopt;
    }
    entry->usedAt = now;
    return run::isProviderId(entry->id.view()) ? std::optional(entry->id) : std::nullopt;
}

bool ProviderPage::claimAssistant(std::uint64_t definition, std::uint64_t job, std::uint64_t now,
                                  std::uint64_t until) {
    const std::lock_guard<SharedLock> guard(*lock_);
    SetUp& entry = page_->assistants.findOrAdd(definition, now);
    if (isClaimed(entry, job, now)) {
        return false;
    }
    entry.usedAt = now;
    entry.claimedUntil = std::min(until, now + kLongestClaim);
    EDGERUN_CRASH_POINT(page_claim_begun);
    entry.claimedBy = job;
    return true;
}

void ProviderPage::setAssistant(std::uint64_t definition, const run::ProviderId& id,
                                std::uint64_t now) {
    const std::lock_guard<SharedLock> guard(*lock_);
    page_->assistants.put(definition, now, [&](SetUp& entry) {
        entry.clear();
        entry.id = id;
    });
}

void ProviderPage::forgetAssistant(std::uint64_t definition) {
    const std::lock_guard<SharedLock> guard(*lock_);
    if (SetUp* entry = page_->assistants.find(definition)) {
        entry->id.clear();
    }
}

void ProviderPage::releaseAssistant(std::uint64_t definition, std::uint64_t job) {
    const std::lock_guard<SharedLock> guard(*lock_);
    SetUp* entry = page_->assistants.find(definition);
    if (entry != nullptr && entry->claimedBy == job) {
        entry->claimedBy = 0;
    }
}

}  // namespace edgerun::store
