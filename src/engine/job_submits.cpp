#include <exception>

#include "edgerun/engine/clocks.h"
#include "edgerun/engine/job_runner.h"
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
    return record.threadId.assign(submission.request.threadId) ? std::optional(record)
                                                               : std::nullopt;
}

SubmitStatus statusOf(store::AcceptStatus status) {
    switch (status) {
        case store::AcceptStatus::Accepted:
            return SubmitStatus::Accepted;
        case store::AcceptStatus::Full:
            return SubmitStatus::Full;
        case store::AcceptStatus::TooLarge:
            return SubmitStatus::TooLarge;
        case store::AcceptStatus::NoOwner:
            return SubmitStatus::Unavailable;
        case store::AcceptStatus::ThreadBusy:
            return SubmitStatus::ThreadBusy;
        case store::AcceptStatus::TooManyRunning:
            return SubmitStatus::TooManyRunning;
        case store::AcceptStatus::KnownKey:
            return SubmitStatus::KnownKey;
    }
    return SubmitStatus::Unavailable;
}

}  // namespace

std::optional<Submitted> JobRunner::submit(const Submission& submission, SubmitListener& listener) {
    keepPlace();
    const std::int64_t now = wallNow();
    const bool canWrite = journal_ == nullptr || journal_->isHealthy();
    const auto id = store::makeJobId(now, node_, submission.owner, arena_.idSecret());
    if (!isReady() || !canWrite || !place_ || !id) {
        return refused(SubmitStatus::Unavailable);
    }
    const auto record = recordFor(submission, now);
    if (!record) {
        return refused(SubmitStatus::TooLarge);
    }

    Submitted submitted{SubmitStatus::Accepted, store::formatJobId(*id), {}, {}};
    submitted.body =
        renderJob(submitted.id, *record, {}, timesOf(*record, &submission.provider), maxAnswer_);
    const std::string request = store::encodeJobRequest(submission.request);
    const bool waits = journal_ != nullptr;
    const store::Accepted accepted =
        arena_.accept(*place_,
                      {*id, submission.owner, *record, request, submitted.body, submission.key,
                       submission.maxRunning, waits},
                      monotonicNow());
    if (accepted.status != store::AcceptStatus::Accepted) {
        Submitted refusal = refused(statusOf(accepted.status));
        refusal.known = accepted.known;
        return refusal;
    }
    EDGERUN_CRASH_POINT(submit_reserved);
    if (!waits) {
        take(accepted.ref, false);
        return submitted;
    }
    store::JobSnapshot job{*id, submission.owner, submission.key, accepted.ref.fence,
                           0,   *record,          request,        submitted.body};
    return await(
        std::make_unique<PendingSubmit>(*this, accepted.ref, std::move(submitted), listener), job);
}

std::optional<Submitted> JobRunner::await(std::unique_ptr<PendingSubmit> pending,
                                          const store::JobSnapshot& job) {
    PendingSubmit& waiting = *pending;
    std::string frames;
    store::appendWhole(frames, job, {monotonicNow(), wallNow()});
    submits_.emplace(&waiting, std::move(pending));
    journal_->append(frames, &waiting, JournalNeed::MayFail);
    return std::nullopt;
}

/// `pending` is gone afterwards.
void JobRunner::finish(PendingSubmit& pending) noexcept {
    if (!pending.isWritten()) {
        arena_.withdraw(pending.ref());
        disown(pending.submitted().id);
        pending.tell(refused(SubmitStatus::Unavailable));
    } else if (!arena_.publish(pending.ref())) {
        // This worker stood still for long: another one has the job, and will show it soon.
        pending.tell(refused(SubmitStatus::Unavailable));
    } else {
        EDGERUN_CRASH_POINT(submit_published);
        begin(pending.ref());
        pending.tell(pending.submitted());
    }
    submits_.erase(&pending);
}

/// Some of what could not be written may be on the disk all the same.
void JobRunner::disown(std::string_view idText) noexcept {
    try {
        const auto id = store::parseJobId(idText);
        if (id) {
            std::string frames;
            store::appendGone(frames, *id, {monotonicNow(), wallNow()});
            journal_->append(frames, nullptr, JournalNeed::MustSucceed);
        }
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
    for (auto& [key, pending] : submits_) {
        pending->forget(listener);
    }
}

}  // namespace edgerun::engine
