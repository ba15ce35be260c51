#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edgerun/engine/job_changes.h"
#include "edgerun/engine/job_json.h"
#include "edgerun/engine/journal.h"
#include "edgerun/engine/provider.h"
#include "edgerun/engine/tool_runner.h"
#include "edgerun/loop/http_client.h"
#include "edgerun/loop/loop_event.h"
#include "edgerun/run/machine.h"
#include "edgerun/store/job_arena.h"

namespace edgerun::engine {

class AnswerCleaning;
class OrderListener;
enum class Order;
class JobRunner;

/// A step on its way: decided, and perhaps journalled, but not in the zone yet.
struct JobChange {
    run::Step step;
    const Provider* provider = nullptr;    ///< null: it is not configured any more
    std::uint32_t revision = 0;            ///< that it makes
    std::size_t maxAnswer = 0;             ///< bytes of the answer that `body` holds
    std::optional<JobJson> body;           ///< if the client sees the step
    std::optional<std::string> request;    ///< if the machine's work changes
    std::optional<std::string> knowledge;  ///< JobRequest::knowledge, once it was asked for
    std::string rules;                     ///< by which the answer is cleaned; empty: by none

    store::JobUpdate update() const;
};

/// What a worker keeps of a job that it carries: everything else stands in the
/// zone and is read when something happens.
class RunningJob final : public loop::TransferOwner,
                         public JournalWaiter,
                         public ToolListener,
                         public ChangeWaiter {
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
    struct CallKind {
        std::uint64_t provider = 0;
        bool once = false;
        bool held = false;
    };
    void calls(loop::Transfer* transfer, const CallKind& kind);
    void calls(std::unique_ptr<ToolRunner> tools);

    loop::Transfer* transfer() const { return transfer_; }
    /// What is under way ends when this worker lets go of it: a run, by its connection, or tools.
    bool isWorking() const { return tools_ != nullptr || (transfer_ != nullptr && kind_.held); }
    /// A call or a step is under way that must be carried to its end.
    bool mustStay() const {
        return change_ || (tools_ != nullptr && tools_->mustStay()) ||
               (transfer_ != nullptr && kind_.once);
    }

    /// The job of its thread whose end it awaits.
    const std::optional<store::JobWatch>& jobAhead() const { return jobAhead_; }
    void waitsBehind(const std::optional<store::JobWatch>& ahead) { jobAhead_ = ahead; }

    /// Its newest whole stands in another writer's journal: ours needs one.
    bool isTakenOver() const { return isTakenOver_; }
    void wasJournaled() { isTakenOver_ = false; }

    /// The change that waits for the journal, or until its answer is cleaned.
    void awaits(JobChange change, AnswerCleaning* cleaning = nullptr) {
        change_ = std::move(change);
        cleaning_ = cleaning;
    }
    bool isAwaiting() const { return change_.has_value(); }
    /// Null: it is the journal.
    AnswerCleaning* cleaning() const { return cleaning_; }
    bool isEnding() const { return change_ && run::isFinal(change_->step.record.status); }
    JobChange takeChange();

    /// A client ends it.
    void erases() { erases_ = true; }
    bool isErased() const { return erases_; }
    void tells(OrderListener& listener) { listeners_.push_back(&listener); }
    void forget(OrderListener& listener) noexcept;
    void tellOrder(Order order) noexcept;

    void onTransfer(const loop::TransferResult& result) noexcept override;
    bool mayStillSend() noexcept override;
    void onAbandoned() noexcept override { transfer_ = nullptr; }
    void onJournaled(bool isWritten) noexcept override;
    void onToolOutputs(run::ToolOutputs outputs) noexcept override;
    void onChange() noexcept override;

private:
    static void onTimer(void* self) noexcept;

    JobRunner& runner_;
    store::JobRef ref_;
    store::JobId id_;
    bool resumes_ = true;
    CallKind kind_;
    std::unique_ptr<ToolRunner> tools_;
    loop::Transfer* transfer_ = nullptr;
    loop::LoopEvent timer_;
    std::optional<store::JobWatch> jobAhead_;
    bool isTakenOver_;
    bool erases_ = false;
    std::optional<JobChange> change_;
    AnswerCleaning* cleaning_ = nullptr;
    std::vector<OrderListener*> listeners_;
};

}  // namespace edgerun::engine
