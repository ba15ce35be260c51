#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edgerun/engine/journal.h"
#include "edgerun/engine/provider.h"
#include "edgerun/loop/http_client.h"
#include "edgerun/loop/loop_event.h"
#include "edgerun/run/machine.h"
#include "edgerun/store/job_arena.h"

namespace edgerun::engine {

class EndListener;
enum class Ending;
class JobRunner;

/// A step on its way: decided, and perhaps journalled, but not in the zone yet.
struct JobChange {
    run::Step step;
    const Provider* provider = nullptr;  ///< null: it is not configured any more
    std::uint32_t revision = 0;          ///< that it makes
    std::size_t maxAnswer = 0;           ///< bytes of the answer that `body` holds
    std::optional<std::string> body;     ///< if the client sees the step
};

/// What a worker keeps of a job that it carries: everything else stands in the
/// zone and is read when something happens.
class RunningJob final : public loop::TransferOwner, public JournalWaiter {
public:
    RunningJob(JobRunner& runner, const store::JobRef& ref, const store::JobId& id,
               bool isTakenOver)
        : runner_(runner), ref_(ref), id_(id), timer_(onTimer, this), isTakenOver_(isTakenOver) {}

    const store::JobRef& ref() const { return ref_; }
    const store::JobId& id() const { return id_; }

    /// Next, the machine is told to go on from the record, not that a wait
    /// has ended.
    void resumeAfter(std::uint64_t ms);
    void wakeAfter(std::uint64_t ms);
    void calls(loop::Transfer* transfer, bool once);

    loop::Transfer* transfer() const { return transfer_; }
    /// A call or a step is under way that must be carried to its end.
    bool mustStay() const { return change_ || (transfer_ != nullptr && once_); }

    /// Its newest whole stands in another writer's journal: ours needs one.
    bool isTakenOver() const { return isTakenOver_; }
    void wasJournaled() { isTakenOver_ = false; }

    /// The change that waits for the journal.
    void awaits(JobChange change) { change_ = std::move(change); }
    bool isAwaiting() const { return change_.has_value(); }
    JobChange takeChange();

    /// A client ends it.
    void erases() { erases_ = true; }
    bool isErased() const { return erases_; }
    void tells(EndListener& listener) { listeners_.push_back(&listener); }
    void forget(EndListener& listener) noexcept;
    void tellEnding(Ending ending) noexcept;

    void onTransfer(const loop::TransferResult& result) noexcept override;
    bool mayStillSend() noexcept override;
    void onAbandoned() noexcept override { transfer_ = nullptr; }
    void onJournaled(bool isWritten) noexcept override;

private:
    static void onTimer(void* self) noexcept;

    JobRunner& runner_;
    store::JobRef ref_;
    store::JobId id_;
    bool resumes_ = true;
    bool once_ = false;
    loop::Transfer* transfer_ = nullptr;
    loop::LoopEvent timer_;
    bool isTakenOver_;
    bool erases_ = false;
    std::optional<JobChange> change_;
    std::vector<EndListener*> listeners_;
};

}  // namespace edgerun::engine
