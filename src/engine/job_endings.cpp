#include <exception>

#include "edgerun/engine/clocks.h"
#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/running_job.h"
#include "edgerun/store/journal_record.h"
#include "pending_calls.h"

/// Jobs that a client ends: the worker that hears of it takes the job over, whoever has it.
namespace edgerun::engine {

Ending JobRunner::cancel(const store::JobOwner& owner, const store::JobId& id,
                         EndListener& listener) {
    return isFinal(owner, id) ? Ending::Ended : end(owner, id, listener, false);
}

Ending JobRunner::erase(const store::JobOwner& owner, const store::JobId& id,
                        EndListener& listener) {
    return end(owner, id, listener, true);
}

bool JobRunner::isFinal(const store::JobOwner& owner, const store::JobId& id) {
    const auto job = arena_.read(id, owner, monotonicNow(), nullptr, 0);
    return job.found != store::JobView::Found::No && run::isFinal(job.status);
}

Ending JobRunner::end(const store::JobOwner& owner, const store::JobId& id, EndListener& listener,
                      bool erases) {
    if (!store::isGenuine(id, owner, arena_.idSecret())) {
        return Ending::Unknown;
    }
    RunningJob* ending = endingJob(id);
    if (ending != nullptr && ending->isErased() == erases) {
        ending->tells(listener);
        return Ending::Coming;
    }
    keepPlace();
    if (!isReady() || !place_) {
        return Ending::Unavailable;
    }
    const store::Seized seized = arena_.seize(*place_, id, owner);
    switch (seized.outcome) {
        case store::Seizure::Taken:
            return endNow(seized.ref, id, listener, erases);
        case store::Seizure::Done:
            return erases ? eraseDone(owner, id, listener) : Ending::Ended;
        case store::Seizure::Unknown:
            return Ending::Unknown;
        case store::Seizure::NoOwner:
            place_.reset();
            return Ending::Unavailable;
    }
    return Ending::Unavailable;
}

/// A job that is being ended here already.
RunningJob* JobRunner::endingJob(const store::JobId& id) {
    for (RunningJob* job : endings_) {
        if (job->id() == id && job->isAwaiting()) {
            return job;
        }
    }
    return nullptr;
}

Ending JobRunner::endNow(const store::JobRef& ref, const store::JobId& id, EndListener& listener,
                         bool erases) {
    RunningJob& job = open({ref, true}, id);
    if (erases) {
        job.erases();
    }
    drive(job, run::Cancel{});
    const auto found = jobs_.find(ref.slot);
    if (found == jobs_.end() || !found->second->isAwaiting()) {
        return Ending::Ended;
    }
    endings_.push_back(found->second.get());  // first: forget() must find it
    found->second->tells(listener);
    return Ending::Coming;
}

Ending JobRunner::eraseDone(const store::JobOwner& owner, const store::JobId& id,
                            EndListener& listener) {
    if (journal_ == nullptr) {
        return arena_.erase(id, owner) ? Ending::Ended : Ending::Unknown;
    }
    auto pending = std::make_unique<PendingErase>(*this, owner, id, listener);
    PendingErase* waiting = pending.get();
    try {
        std::string frames;
        store::appendGone(frames, id, {monotonicNow(), wallNow()});
        erasures_.emplace(waiting, std::move(pending));
        journal_->append(frames, waiting, JournalNeed::MayFail);
    } catch (const std::exception&) {
        erasures_.erase(waiting);
        throw;
    }
    return Ending::Coming;
}

/// `pending` is gone afterwards.
void JobRunner::finish(PendingErase& pending) noexcept {
    if (pending.isWritten()) {
        arena_.erase(pending.id(), pending.owner());
    }
    pending.tell(pending.isWritten() ? Ending::Ended : Ending::Unavailable);
    erasures_.erase(&pending);
}

void JobRunner::forget(EndListener& listener) noexcept {
    for (RunningJob* job : endings_) {
        job->forget(listener);
    }
    for (auto& [key, pending] : erasures_) {
        pending->forget(listener);
    }
}

}  // namespace edgerun::engine
