#pragma once

#include "edgerun/loop/http_client.h"
#include "edgerun/loop/loop_event.h"
#include "edgerun/store/job_arena.h"

namespace edgerun::engine {

class JobRunner;

/// What a worker keeps of a job that it carries: everything else stands in the
/// zone and is read when something happens.
class RunningJob final : public loop::TransferOwner {
public:
    RunningJob(JobRunner& runner, const store::JobRef& ref, const store::JobId& id)
        : runner_(runner), ref_(ref), id_(id), timer_(onTimer, this) {}

    const store::JobRef& ref() const { return ref_; }
    const store::JobId& id() const { return id_; }

    /// Next, the machine is told to go on from the record, not that a wait
    /// has ended.
    void resumeAfter(std::uint64_t ms);
    void wakeAfter(std::uint64_t ms);
    void calls(loop::Transfer* transfer, bool once);

    loop::Transfer* transfer() const { return transfer_; }
    /// A call is under way that must be carried to its end.
    bool mustStay() const { return transfer_ != nullptr && once_; }

    void onTransfer(const loop::TransferResult& result) noexcept override;
    bool mayStillSend() noexcept override;
    void onAbandoned() noexcept override { transfer_ = nullptr; }

private:
    static void onTimer(void* self) noexcept;

    JobRunner& runner_;
    store::JobRef ref_;
    store::JobId id_;
    bool resumes_ = true;
    bool once_ = false;
    loop::Transfer* transfer_ = nullptr;
    loop::LoopEvent timer_;
};

}  // namespace edgerun::engine
