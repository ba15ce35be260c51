#include <algorithm>
#include <exception>

#include "edgerun/engine/clocks.h"
#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/stable_hash.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/store/journal_record.h"
#include "pending_calls.h"

/// New jobs: room and key in the zone first, then the journal, then everybody may see them.
namespace edgerun::engine {

namespace {

Submitted refused(SubmitStatus status) {
    return {status, {}, {}, {}};
}

std::optional<run::Record> recordFor(const Submission& submission, std::int64_t now) {
    run::Record record;
    record.createdWall = now;
    record.provider = submission.provider.key;
    record.queryCut = submission.request.queryCut;
    record.guarantee = submission.guarantee;
    record.fallback = submission.fallback != nullptr ? submission.fallback->key : 0;
    return record.threadId.assign(submission.request.threadId) ? std::optional(record)
                                                               : std::nullopt;
}

SubmitStatus submitStatusOf(store::AcceptStatus status) {
    switch (status) {
        case store::AcceptStatus::Accepted:
            return SubmitStatus::Accepted;
        case store::AcceptStatus::Full:
            return SubmitStatus::Full;
        case store::AcceptStatus::TooLarge:
            return SubmitStatus::TooLarge;
        case store::AcceptStatus::NoOwner:
            return SubmitStatus::Unavailable;
        case store::AcceptStatus::TooManyRunning:
            return SubmitStatus::TooManyRunning;
        case store::AcceptStatus::KnownKey:
            return SubmitStatus::KnownKey;
        case store::AcceptStatus::ThreadGone:
            return SubmitStatus::ThreadGone;
    }
    return SubmitStatus::Unavailable;
}

constexpr store::IdempotencyKey kNoKey{};

/// While it lives, the key's other requests wait for what becomes of this one: what it takes of a
/// quota may be the last, and they are not to be refused for that.
class KeyClaim {
public:
    KeyClaim(store::JobArena& arena, const store::WorkerPlace& place,
             const store::IdempotencyKey& key)
        : arena_(arena), place_(place) {
        if (key.isSet()) {
            known_ = arena_.claimKey(place_, key, monotonicNow());
            isHeld_ = !known_;
        }
    }
    ~KeyClaim() {
        if (isHeld_) {
            arena_.releaseKey(place_);
        }
    }
    KeyClaim(const KeyClaim&) = delete;
    KeyClaim& operator=(const KeyClaim&) = delete;

    /// Somebody came first.
    const std::optional<store::KnownJob>& known() const { return known_; }

private:
    store::JobArena& arena_;
    store::WorkerPlace place_;
    std::optional<store::KnownJob> known_;
    bool isHeld_ = false;
};

}  // namespace

std::optional<Submitted> JobRunner::submit(const Submission& submission, SubmitListener& listener) {
    keepPlace();
    const std::int64_t now = wallNow();
    const auto id =
        store::makeJobId(idTimeOf(submission, now), node_, submission.owner, arena_.idSecret());
    if (!mayAccept() || !id) {
        return refused(SubmitStatus::Unavailable);
    }
    const auto record = recordFor(submission, now);
    if (!record) {
        return refused(SubmitStatus::TooLarge);
    }
    store::JobSnapshot job{*id, submission.owner, submission.key, 0, 0, *record, {}, {}, 0};
    job.request = store::encodeJobRequest(submission.request);
    job.body = renderJob(store::formatJobId(*id), *record, {}, submission.request.knowledge,
                         timesOf(*record, &submission.provider), maxAnswer_)
                   .text;
    auto pending = std::make_unique<PendingSubmit>(*this, quotas_, *id, listener);
    pending->submitted().body = job.body;
    const KeyClaim claim(arena_, *place_, takesQuotas(submission) ? submission.key : kNoKey);
    if (claim.known()) {
        return Submitted{SubmitStatus::KnownKey, {}, {}, *claim.known()};
    }
    if (const auto refusal = takeQuotas(submission, *pending)) {
        return Submitted{*refusal, {}, {}, {}, std::move(pending->submitted().quotas)};
    }
    EDGERUN_CRASH_POINT(quota_taken);
    return accept(std::move(pending), std::move(job), submission.maxRunning);
}

bool JobRunner::takesQuotas(const Submission& submission) const {
    return quotas_ != nullptr && !submission.quotas.empty();
}

/// nullopt if it got all that it must have.
std::optional<SubmitStatus> JobRunner::takeQuotas(const Submission& submission,
                                                  PendingSubmit& pending) {
    if (!takesQuotas(submission)) {
        return std::nullopt;
    }
    QuotaVerdict& verdict = pending.submitted().quotas;
    verdict = quotas_->take(pending.id(), stableHash(zoneName_), submission.quotas, pending);
    switch (verdict.outcome) {
        case store::QuotaOutcome::Taken:
            pending.hasTaken(verdict.isComing);
            return std::nullopt;
        case store::QuotaOutcome::Spent:
            return SubmitStatus::QuotaSpent;
        case store::QuotaOutcome::Full:
            return verdict.isUnavailable ? SubmitStatus::Unavailable : SubmitStatus::QuotaFull;
    }
    return SubmitStatus::Unavailable;
}

/// Who is not accepted gives back what he took, by the end of `pending`.
std::optional<Submitted> JobRunner::accept(std::unique_ptr<PendingSubmit> pending,
                                           store::JobSnapshot job, std::uint32_t maxRunning) {
    const bool isHidden = journal_ != nullptr || pending->awaitsQuotas();
    const store::Accepted accepted = arena_.accept(
        *place_,
        {job.id, job.owner, job.record, job.request, job.body, job.key, maxRunning, isHidden},
        monotonicNow());
    if (accepted.status != store::AcceptStatus::Accepted) {
        return Submitted{submitStatusOf(accepted.status), {}, {}, accepted.known};
    }
    EDGERUN_CRASH_POINT(submit_reserved);
    pending->isAccepted(accepted.ref);
    if (!isHidden) {
        pending->keepQuotas();
        begin(accepted.ref);
        return std::move(pending->submitted());
    }
    write(std::move(pending), std::move(job));
    return std::nullopt;
}

/// Jobs of one thread go in the order of their ids: a job must be younger than those that were
/// accepted before it, though it be in the same millisecond.
std::int64_t JobRunner::idTimeOf(const Submission& submission, std::int64_t now) {
    const std::string& threadId = submission.request.threadId;
    if (threadId.empty()) {
        return now;
    }
    const auto newest = arena_.newestInThread(submission.owner, threadId);
    return newest ? std::max(now, store::timeOf(*newest) + 1) : now;
}

bool JobRunner::mayAccept() const {
    return isReady() && place_ && (journal_ == nullptr || journal_->isHealthy());
}

/// The job becomes visible when everything that must be written is: first what it took of quotas,
/// then the job, so that no later life finds a job that nothing has counted.
void JobRunner::write(std::unique_ptr<PendingSubmit> pending, store::JobSnapshot job) {
    PendingSubmit* const waiting = pending.get();
    job.fence = waiting->ref().fence;
    try {
        submits_.emplace(waiting, std::move(pending));
        submitters_[waiting->listener()] = waiting;
        if (journal_ != nullptr) {
            store::appendWhole(waiting->frames(), job, {monotonicNow(), wallNow()});
            if (!waiting->awaitsQuotas()) {
                append(*waiting);
            }
        }
    } catch (const std::exception&) {
        submitters_.erase(waiting->listener());
        arena_.withdraw(waiting->ref());
        waiting->mayGiveBack();
        submits_.erase(waiting);
        throw;
    }
}

void JobRunner::append(PendingSubmit& pending) {
    journal_->append(pending.frames(), &pending, JournalNeed::MayFail);
}

void JobRunner::onQuotaWritten(PendingSubmit& pending) noexcept {
    if (pending.isWritten() && journal_ != nullptr) {
        try {
            return append(pending);
        } catch (const std::exception&) {
            pending.fail();
        }
    }
    finish(pending);
}

/// `pending` is gone afterwards. The job may be another worker's by now, if this one stood still
/// for long: that one shows it soon, whatever became of what was written here.
void JobRunner::finish(PendingSubmit& pending) noexcept {
    submitters_.erase(pending.listener());
    if (!pending.isWritten()) {
        if (arena_.withdraw(pending.ref())) {
            pending.mayGiveBack();
            disown(pending.id());
        }
        pending.tell(refused(SubmitStatus::Unavailable));
    } else if (!arena_.publish(pending.ref())) {
        pending.tell(refused(SubmitStatus::Unavailable));
    } else {
        EDGERUN_CRASH_POINT(submit_published);
        pending.keepQuotas();
        begin(pending.ref());
        pending.tell(pending.submitted());
    }
    submits_.erase(&pending);
}

/// Some of what could not be written may be on the disk all the same.
void JobRunner::disown(const store::JobId& id) noexcept {
    if (journal_ == nullptr) {
        return;
    }
    try {
        std::string frames;
        store::appendGone(frames, id, {monotonicNow(), wallNow()});
        journal_->append(frames, nullptr, JournalNeed::MustSucceed);
    } catch (const std::exception&) {
        // The client was told that the job may exist.
    }
}

void JobRunner::begin(const store::JobRef& ref) noexcept {
    try {
        take(ref, false);
    } catch (const std::exception&) {
        arena_.release(ref);  // whoever has memory takes it over
    }
}

void JobRunner::forget(SubmitListener& listener) noexcept {
    const auto found = submitters_.find(&listener);
    if (found != submitters_.end()) {
        found->second->forget();
        submitters_.erase(found);
    }
}

}  // namespace edgerun::engine
