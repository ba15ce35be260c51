#include <exception>

#include "edgerun/engine/clocks.h"
#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/running_job.h"

/// The worker's place in the zone, jobs that lost theirs, and leaving.
namespace edgerun::engine {

namespace {

constexpr std::uint64_t kTick = 250;     // ms
constexpr std::uint64_t kLease = 2'500;  // ms without a tick until others take over
constexpr std::size_t kAdoptedPerTurn = 512;
constexpr std::uint64_t kAdoptionPause = 10;  // ms, while there are more
constexpr std::size_t kExpiredPerTurn = 64;
constexpr int kExpiryTurns = 16;

}  // namespace

void JobRunner::onTick(void* self) noexcept {
    auto* runner = static_cast<JobRunner*>(self);
    try {
        runner->tick();
    } catch (const std::exception& trouble) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "edgerun: housekeeping must wait: %s",
                      trouble.what());
    }
    const bool hasMore = runner->taken_.size() >= kAdoptedPerTurn;
    runner->tick_.after(hasMore ? kAdoptionPause : kTick);
}

void JobRunner::tick() {
    taken_.clear();
    if (ngx_exiting) {
        dropLostWork();
        leave();
        return;
    }
    keepPlace();
    if (journal_ != nullptr) {
        journal_->tick();
    }
    dropLostWork();
    // Until all are read, jobs stay as they are: whoever has to read them anew finds the same.
    if (place_ && isReady()) {
        adoptOrphans();
    }
    for (int i = 0; i < kExpiryTurns; i++) {
        if (arena_.expire(monotonicNow(), kExpiredPerTurn) < kExpiredPerTurn) {
            break;
        }
    }
}

/// Renews the place; after a longer stop than the lease, takes a new one. The
/// jobs of the lost place have other owners by then.
void JobRunner::keepPlace() {
    const std::uint64_t deadline = monotonicNow() + kLease;
    if (place_ && arena_.renewWorker(*place_, deadline)) {
        return;
    }
    if (place_) {
        forgetAll();
        ngx_log_error(
            NGX_LOG_WARN, ngx_cycle->log, 0,
            "edgerun: this worker was away for long; its jobs in \"%s\" went on elsewhere",
            zoneName_.c_str());
    }
    place_ = arena_.registerWorker(ngx_pid, deadline);
}

void JobRunner::adoptOrphans() {
    std::uint32_t before = 0;
    do {
        before = cursor_;
        arena_.adopt(*place_, monotonicNow(), cursor_, kAdoptedPerTurn, taken_);
    } while (cursor_ != before && taken_.size() < kAdoptedPerTurn);
    for (const auto& ref : taken_) {
        take(ref, true);
    }
    if (!taken_.empty()) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "edgerun: %uz jobs in \"%s\" go on in this worker", taken_.size(),
                      zoneName_.c_str());
    }
}

/// Jobs that another worker has taken over, to cancel them perhaps.
void JobRunner::dropLostWork() {
    std::vector<RunningJob*> lost;
    for (auto& [slot, job] : jobs_) {
        if (job->isWorking() && !owns(job->ref())) {
            lost.push_back(job.get());
        }
    }
    for (RunningJob* job : lost) {
        forget(*job);
    }
}

/// A leaving worker gives its jobs back at once, but for those whose call or step
/// must be carried to its end; and its journal with the last of them.
void JobRunner::leave() {
    for (const auto& start : starts_) {
        arena_.release(start.ref);
    }
    starts_.clear();
    std::vector<RunningJob*> leaving;
    for (auto& [slot, job] : jobs_) {
        if (!job->mustStay()) {
            leaving.push_back(job.get());
        }
    }
    for (RunningJob* job : leaving) {
        giveUp(*job);
    }
    if (place_) {
        arena_.renewWorker(*place_, monotonicNow() + kLease);
    }
    if (journal_ != nullptr && jobs_.empty() && submits_.empty() && erasures_.empty()) {
        journal_->leave();
    }
}

}  // namespace edgerun::engine
