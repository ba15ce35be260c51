#include "edgerun/engine/running_job.h"

#include <algorithm>
#include <utility>

#include "edgerun/engine/job_runner.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::engine {

namespace {

run::Event eventOf(const loop::TransferResult& result) {
    using Kind = run::TransportFailure::Kind;
    switch (result.outcome) {
        case loop::TransferOutcome::Complete:
            return run::Response{result.status, result.retryAfter, result.pollAfter,
                                 result.shouldRetry, result.body};
        case loop::TransferOutcome::NotSent:
            return run::TransportFailure{Kind::NotSent, result.reason};
        case loop::TransferOutcome::Unknown:
            return run::TransportFailure{Kind::Unknown, result.reason};
        case loop::TransferOutcome::TooLarge:
            return run::TransportFailure{Kind::TooLarge, result.reason};
    }
    return run::TransportFailure{Kind::Unknown, result.reason};
}

/// Of the provider, not of the call or of this worker.
bool isFailure(const loop::TransferResult& result) {
    switch (result.outcome) {
        case loop::TransferOutcome::Complete:
            return result.status >= 500;
        case loop::TransferOutcome::NotSent:
        case loop::TransferOutcome::Unknown:
            return true;
        case loop::TransferOutcome::TooLarge:
            return false;
    }
    return false;
}

}  // namespace

void RunningJob::resumeAfter(std::uint64_t ms) {
    resumes_ = true;
    timer_.after(ms);
}

void RunningJob::wakeAfter(std::uint64_t ms) {
    resumes_ = false;
    timer_.after(ms);
}

void RunningJob::calls(loop::Transfer* transfer, const CallKind& kind) {
    transfer_ = transfer;
    kind_ = kind;
}

void RunningJob::calls(std::unique_ptr<ToolRunner> tools) {
    tools_ = std::move(tools);
}

store::JobUpdate JobChange::update() const {
    store::JobUpdate update{step.record, std::nullopt, 0, std::nullopt};
    if (body) {
        update.body = body->text;
        update.stepsAt = body->stepsAt;
    }
    if (request) {
        update.request = *request;
    }
    return update;
}

JobChange RunningJob::takeChange() {
    JobChange change = std::move(*change_);
    change_.reset();
    cleaning_ = nullptr;
    return change;
}

void RunningJob::forget(OrderListener& listener) noexcept {
    listeners_.erase(std::remove(listeners_.begin(), listeners_.end(), &listener),
                     listeners_.end());
}

void RunningJob::tellOrder(Order order) noexcept {
    for (OrderListener* listener : std::exchange(listeners_, {})) {
        listener->onOrder(order);
    }
}

void RunningJob::onJournaled(bool isWritten) noexcept {
    runner_.onJournaled(*this, isWritten);
}

void RunningJob::onTransfer(const loop::TransferResult& result) noexcept {
    if (kind_.once) {
        EDGERUN_CRASH_POINT(once_answered);
    }
    transfer_ = nullptr;
    if (!result.isOurs) {
        runner_.noteCall(kind_.provider, isFailure(result));
    }
    runner_.drive(*this, eventOf(result));
}

bool RunningJob::mayStillSend() noexcept {
    return runner_.owns(ref_);
}

void RunningJob::onToolOutputs(run::ToolOutputs outputs) noexcept {
    const std::unique_ptr<ToolRunner> done = std::move(tools_);
    runner_.drive(*this, outputs);
}

/// The job whose end this one awaited has changed.
void RunningJob::onChange() noexcept {
    resumeAfter(0);
}

void RunningJob::onTimer(void* self) noexcept {
    auto* job = static_cast<RunningJob*>(self);
    if (job->resumes_) {
        job->runner_.drive(*job, run::Resume{});
    } else {
        job->runner_.drive(*job, run::Timer{});
    }
}

}  // namespace edgerun::engine
