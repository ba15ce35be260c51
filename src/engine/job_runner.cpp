#include "edgerun/engine/job_runner.h"

#include <algorithm>
#include <exception>

#include "answer_cleaning.h"
#include "edgerun/auth/sha256.h"
#include "edgerun/engine/clocks.h"
#include "edgerun/engine/running_job.h"
#include "pending_calls.h"

namespace edgerun::engine {

namespace {

constexpr std::size_t kStartsPerTurn = 16;           // between two looks at the sockets
constexpr std::size_t kStartsInBurst = 2;            // while more submissions arrive
constexpr std::uint64_t kStartPause = 1;             // ms, beside submissions
constexpr std::uint64_t kPauseAfterTrouble = 1'000;  // ms
constexpr std::size_t kToolCacheBytes = 16 * 1024 * 1024;

std::uint8_t nodeByte() {
    const ngx_str_t name = const_cast<ngx_cycle_t*>(ngx_cycle)->hostname;
    return auth::digestOf(loop::view(name))[0];
}

}  // namespace

std::unique_ptr<JobRunner> JobRunner::create(const RunnerSettings& settings,
                                             store::SharedLock& lock,
                                             const loop::SharedWakeUp& wakeUp,
                                             loop::HttpClient& client,
                                             const ProviderDirectory& providers) {
    auto signal = std::make_unique<ChangeSignal>(wakeUp);
    auto arena = store::JobArena::attach(settings.memory, settings.bytes, lock, signal.get());
    if (!arena) {
        ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0,
                      "edgerun: the job zone \"%*s\" is not readable", settings.zoneName.size(),
                      settings.zoneName.data());
        return nullptr;
    }
    std::unique_ptr<JobRunner> runner(
        new JobRunner(settings, std::move(signal), *arena, wakeUp, client, providers));
    if (settings.journal) {
        runner->journal_ = Journal::create(*settings.journal, *arena);
    }
    return settings.journal && runner->journal_ == nullptr ? nullptr : std::move(runner);
}

JobRunner::JobRunner(const RunnerSettings& settings, std::unique_ptr<ChangeSignal> signal,
                     const store::JobArena& arena, const loop::SharedWakeUp& wakeUp,
                     loop::HttpClient& client, const ProviderDirectory& providers)
    : zoneName_(settings.zoneName),
      signal_(std::move(signal)),
      arena_(arena),
      maxAnswer_(settings.maxAnswer),
      node_(nodeByte()),
      client_(client),
      providers_(providers),
      page_(settings.providers),
      quotas_(settings.quotas),
      cleaners_(settings.cleaners),
      tools_(kToolCacheBytes),
      changes_(arena_, wakeUp),
      tick_(onTick, this),
      start_(onStarts, this) {
    keepPlace();
    tick_.after(1);  // jobs of a former worker wait
}

JobRunner::~JobRunner() {
    for (auto& [key, pending] : submits_) {
        pending->tell({SubmitStatus::Unavailable, {}, {}, {}});
    }
    for (auto& [key, pending] : erasures_) {
        pending->tell(Order::Unavailable);
    }
    forgetAll();
    for (auto& [key, parting] : partings_) {
        if (parting->transfer() != nullptr) {
            client_.cancel(parting->transfer());
        }
    }
    journal_.reset();
    if (place_) {
        arena_.releaseWorker(*place_);
    }
}

/// Jobs begin a few in each turn of the loop, and fewer while others arrive: a
/// burst of submissions is answered first.
void JobRunner::take(const store::JobRef& ref, bool isTakenOver) {
    starts_.push_back({ref, isTakenOver});
    arrived_ = true;
    if (!start_.isSet()) {
        start_.postNext();
    }
}

void JobRunner::onStarts(void* self) noexcept {
    auto* runner = static_cast<JobRunner*>(self);
    try {
        runner->startSome();
    } catch (const std::exception&) {
        // What is left in the queue has its owner: tried again soon.
        runner->start_.after(kPauseAfterTrouble);
    }
}

void JobRunner::startSome() {
    const bool isBurst = arrived_ || !submits_.empty();
    const std::size_t most = isBurst ? kStartsInBurst : kStartsPerTurn;
    arrived_ = false;
    for (std::size_t i = 0; i < most && !starts_.empty(); i++) {
        const Start start = starts_.front();
        const auto id = arena_.idOf(start.ref);
        if (!id) {
            starts_.pop_front();
            continue;
        }
        RunningJob& job = open(start, *id);
        starts_.pop_front();
        drive(job, run::Resume{});
    }
    if (starts_.empty()) {
        return;
    }
    if (submits_.empty()) {
        start_.postNext();
    } else {
        start_.after(kStartPause);  // submissions wait for the journal: they go first
    }
}

RunningJob& JobRunner::open(const Start& start, const store::JobId& id) {
    auto fresh = std::make_unique<RunningJob>(*this, start.ref, id, start.isTakenOver);
    RunningJob& job = *fresh;
    // A job that this worker lost may have had the same slot.
    const auto stale = jobs_.find(start.ref.slot);
    if (stale != jobs_.end()) {
        forget(*stale->second);
    }
    jobs_.emplace(start.ref.slot, std::move(fresh));
    return job;
}

/// Who waits for an order looks at the job again: it went on elsewhere, or is over.
void JobRunner::forget(RunningJob& job) {
    changes_.forget(job);
    if (job.transfer() != nullptr) {
        client_.cancel(job.transfer());
    }
    if (job.cleaning() != nullptr) {
        job.cleaning()->forget();
    } else if (job.isAwaiting()) {
        journal_->forget(job);
    }
    orders_.erase(std::remove(orders_.begin(), orders_.end(), &job), orders_.end());
    job.tellOrder(Order::Lost);
    jobs_.erase(job.ref().slot);
}

void JobRunner::tellOrder(RunningJob& job) {
    orders_.erase(std::remove(orders_.begin(), orders_.end(), &job), orders_.end());
    job.tellOrder(Order::Done);
}

void JobRunner::forgetAll() {
    while (!jobs_.empty()) {
        forget(*jobs_.begin()->second);
    }
    starts_.clear();
}

void JobRunner::giveUp(RunningJob& job) {
    arena_.release(job.ref());
    forget(job);
}

}  // namespace edgerun::engine
