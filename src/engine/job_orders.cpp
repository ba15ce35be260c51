#include <exception>

#include "edgerun/engine/clocks.h"
#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/running_job.h"
#include "edgerun/store/journal_record.h"
#include "pending_calls.h"

/// What clients order for their jobs: the worker that hears of it takes the job over, whoever
/// has it.
namespace edgerun::engine {

namespace {

bool awaits(const std::optional<store::JobSnapshot>& job, const run::ToolOutputs& outputs) {
    if (!job || job->record.phase != run::Phase::AwaitOutputs) {
        return false;
    }
    const auto request = store::decodeJobRequest(job->request);
    return request && run::outputsFit(request->work, outputs);
}

/// Of what comes of an order at once.
class OrderWitness final : public OrderListener {
public:
    void onOrder(Order told) noexcept override { order = told; }

    Order order = Order::Lost;
};

}  // namespace

Order JobRunner::cancel(const store::JobOwner& owner, const store::JobId& id,
                        OrderListener& listener) {
    const auto status = statusOf(owner, id);
    return status && run::isFinal(*status) ? Order::Done : end(owner, id, listener, false);
}

Order JobRunner::erase(const store::JobOwner& owner, const store::JobId& id,
                       OrderListener& listener) {
    return end(owner, id, listener, true);
}

Order JobRunner::end(const store::JobOwner& owner, const store::JobId& id, OrderListener& listener,
                     bool erases) {
    Order refusal = Order::Unknown;
    if (!mayOrder(owner, id, refusal)) {
        return refusal;
    }
    RunningJob* ending = orderedJob(id);
    if (ending != nullptr && ending->isEnding() && ending->isErased() == erases) {
        ending->tells(listener);
        return Order::Coming;
    }
    const store::Seized seized = arena_.seize(*place_, id, owner);
    switch (seized.outcome) {
        case store::Seizure::Taken:
            return carryOut(seized.ref, id, run::Cancel{}, listener, erases);
        case store::Seizure::Done:
            return erases ? eraseDone(owner, id, listener) : Order::Done;
        case store::Seizure::Unknown:
            return Order::Unknown;
        case store::Seizure::NoOwner:
            place_.reset();
            return Order::Unavailable;
    }
    return Order::Unavailable;
}

Order JobRunner::giveOutputs(const store::JobOwner& owner, const store::JobId& id,
                             run::ToolOutputs outputs, OrderListener& listener) {
    Order refusal = Order::Unknown;
    if (!mayOrder(owner, id, refusal)) {
        return refusal;
    }
    const auto status = statusOf(owner, id);
    if (!status) {
        return Order::Unknown;
    }
    // Before the job is taken from its worker, which costs more than a look.
    const bool isWanted = *status == run::JobStatus::RequiresAction && orderedJob(id) == nullptr &&
                          awaits(arena_.snapshot(id), outputs);
    if (!isWanted) {
        return Order::Conflict;
    }
    const store::Seized seized = arena_.seize(*place_, id, owner);
    switch (seized.outcome) {
        case store::Seizure::Taken:
            break;
        case store::Seizure::Done:
            return Order::Conflict;
        case store::Seizure::Unknown:
            return Order::Unknown;
        case store::Seizure::NoOwner:
            place_.reset();
            return Order::Unavailable;
    }
    if (!awaits(arena_.loadWhole(seized.ref), outputs)) {
        take(seized.ref, true);  // it has changed meanwhile, and goes on here
        return Order::Conflict;
    }
    return carryOut(seized.ref, id, outputs, listener, false);
}

/// False: `refusal` says why.
bool JobRunner::mayOrder(const store::JobOwner& owner, const store::JobId& id, Order& refusal) {
    if (!store::isGenuine(id, owner, arena_.idSecret())) {
        refusal = Order::Unknown;
        return false;
    }
    keepPlace();
    refusal = Order::Unavailable;
    return isReady() && place_;
}

std::optional<run::JobStatus> JobRunner::statusOf(const store::JobOwner& owner,
                                                  const store::JobId& id) {
    const auto job = arena_.read(id, owner, monotonicNow(), nullptr, 0);
    return job.found == store::JobView::Found::No ? std::nullopt : std::optional(job.status);
}

/// A job for which an order is being carried out here already.
RunningJob* JobRunner::orderedJob(const store::JobId& id) {
    for (RunningJob* job : orders_) {
        if (job->id() == id && job->isAwaiting()) {
            return job;
        }
    }
    return nullptr;
}

Order JobRunner::carryOut(const store::JobRef& ref, const store::JobId& id, const run::Event& event,
                          OrderListener& listener, bool erases) {
    RunningJob& job = open({ref, true}, id);
    if (erases) {
        job.erases();
    }
    OrderWitness witness;
    job.tells(witness);
    drive(job, event);
    const auto found = jobs_.find(ref.slot);
    if (found != jobs_.end()) {
        found->second->forget(witness);
    }
    if (witness.order == Order::Done || found == jobs_.end() || !found->second->isAwaiting()) {
        return witness.order;
    }
    orders_.push_back(found->second.get());  // first: forget() must find it
    found->second->tells(listener);
    return Order::Coming;
}

Order JobRunner::eraseDone(const store::JobOwner& owner, const store::JobId& id,
                           OrderListener& listener) {
    if (journal_ == nullptr) {
        return arena_.erase(id, owner) ? Order::Done : Order::Unknown;
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
    return Order::Coming;
}

/// `pending` is gone afterwards.
void JobRunner::finish(PendingErase& pending) noexcept {
    if (pending.isWritten()) {
        arena_.erase(pending.id(), pending.owner());
    }
    pending.tell(pending.isWritten() ? Order::Done : Order::Unavailable);
    erasures_.erase(&pending);
}

void JobRunner::forget(OrderListener& listener) noexcept {
    for (RunningJob* job : orders_) {
        job->forget(listener);
    }
    for (auto& [key, pending] : erasures_) {
        pending->forget(listener);
    }
}

}  // namespace edgerun::engine
