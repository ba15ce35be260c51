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

}  // namespace

void RunningJob::resumeAfter(std::uint64_t ms) {
    resumes_ = true;
    timer_.after(ms);
}

void RunningJob::wakeAfter(std::uint64_t ms) {
    resumes_ = false;
    timer_.after(ms);
}

void RunningJob::calls(loop::Transfer* transfer, bool once) {
    transfer_ = transfer;
    once_ = once;
}

JobChange RunningJob::takeChange() {
    JobChange change = std::move(*change_);
    change_.reset();
    return change;
}

void RunningJob::forget(EndListener& listener) noexcept {
    listeners_.erase(std::remove(listeners_.begin(), listeners_.end(), &listener),
                     listeners_.end());
}

void RunningJob::tellEnding(Ending ending) noexcept {
    for (EndListener* listener : std::exchange(listeners_, {})) {
        listener->onEnding(ending);
    }
}

void RunningJob::onJournaled(bool isWritten) noexcept {
    runner_.onJournaled(*this, isWritten);
}

void RunningJob::onTransfer(const loop::TransferResult& result) noexcept {
    if (once_) {
        EDGERUN_CRASH_POINT(once_answered);
    }
    transfer_ = nullptr;
    runner_.drive(*this, eventOf(result));
}

bool RunningJob::mayStillSend() noexcept {
    return runner_.owns(ref_);
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
