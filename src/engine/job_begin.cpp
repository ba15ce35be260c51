#include <algorithm>

#include "edgerun/engine/clocks.h"
#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/running_job.h"
#include "edgerun/store/crash_point.h"
#include "job_transfer.h"
#include "pending_calls.h"

/// What may keep a job from beginning: an earlier one of its thread, or a provider that is left
/// alone. And what another provider gets instead.
namespace edgerun::engine {

namespace {

constexpr std::uint64_t kLookAgain = 1'000;  // ms; changes are told, this is for what gets lost

}  // namespace

bool JobRunner::mustWait(RunningJob& job, const run::Record& record, const run::Event& event,
                         const Provider& provider) {
    if (record.deadline != 0 || std::holds_alternative<run::Cancel>(event)) {
        return false;
    }
    return awaitsTurn(job, record) || awaitsProvider(job, record, provider);
}

bool JobRunner::awaitsTurn(RunningJob& job, const run::Record& record) {
    if (record.threadId.empty()) {
        return false;
    }
    // To ask takes as long as the owner has live jobs: where thousands wait, only their turns may
    // cost that.
    if (job.jobAhead() && !arena_.hasChanged(*job.jobAhead())) {
        job.resumeAfter(kLookAgain);
        return true;
    }
    // Told later, it would take its own call for one that got lost.
    changes_.forget(job);
    const auto ahead = arena_.takeTurn(job.ref());
    job.waitsBehind(ahead);
    if (!ahead) {
        return false;
    }
    EDGERUN_CRASH_POINT(turn_awaited);
    changes_.await(job, *ahead);
    job.resumeAfter(kLookAgain);
    return true;
}

/// Without another provider it waits, but no longer than a run may take.
bool JobRunner::awaitsProvider(RunningJob& job, const run::Record& record,
                               const Provider& provider) {
    const std::uint64_t now = monotonicNow();
    const auto age =
        static_cast<std::uint64_t>(std::max<std::int64_t>(wallNow() - record.createdWall, 0));
    if (page_ == nullptr || age >= provider.settings.runTimeout ||
        page_->mayBegin(provider.key, provider.failurePolicy, now)) {
        return false;
    }
    if (canFallBack(record)) {
        JobChange change;
        if (const auto loaded = arena_.load(job.ref())) {
            change.revision = loaded->revision + 1;
            change.provider = &provider;
            fallBack(change, record);
            settle(job, std::move(change));
        }
        return true;
    }
    const std::uint64_t next = page_->nextTry(provider.key);
    job.resumeAfter(std::clamp<std::uint64_t>(next > now ? next - now : 1, 1, kLookAgain));
    return true;
}

/// A thread stays where it was made.
bool JobRunner::canFallBack(const run::Record& record) const {
    const bool continues = !record.ownsThread && !record.threadId.empty();
    return record.fallback != 0 && record.fallback != record.provider && !continues &&
           providers_.findProvider(record.fallback) != nullptr;
}

/// The job begins anew; what its client has seen stays true.
void JobRunner::fallBack(JobChange& change, const run::Record& before) const {
    run::Record fresh;
    fresh.status = before.status;
    fresh.queryCut = before.queryCut;
    fresh.erased = before.erased;
    fresh.guarantee = before.guarantee;
    fresh.version = before.version;
    fresh.provider = before.fallback;
    fresh.createdWall = before.createdWall;
    fresh.startedWall = before.startedWall;
    std::optional<run::Call> parting = std::move(change.step.parting);
    change.step = {fresh, run::Wait{monotonicNow()}, std::nullopt, {}, std::string(), {},
                   false, std::move(parting)};
    if (!before.threadId.empty()) {
        change.step.visible = run::Visible{};
    }
}

void JobRunner::part(const Provider& provider, run::Call call) {
    auto fresh = std::make_unique<PartingCall>(*this);
    PartingCall* parting = fresh.get();
    partings_.emplace(parting, std::move(fresh));
    parting->calls(client_.start(provider.upstream, transferOf(std::move(call)), *parting));
}

void JobRunner::forget(PartingCall& call) noexcept {
    partings_.erase(&call);
}

void JobRunner::noteCall(std::uint64_t provider, bool hasFailed) noexcept {
    if (page_ == nullptr) {
        return;
    }
    const Provider* known = providers_.findProvider(provider);
    if (known == nullptr) {
        return;
    }
    if (!hasFailed) {
        if (page_->succeeded(provider)) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "edgerun: provider \"%s\" answers again", known->name.c_str());
        }
        return;
    }
    if (page_->failed(provider, known->failurePolicy, monotonicNow())) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "edgerun: provider \"%s\" fails; new jobs leave it alone for a while",
                      known->name.c_str());
    }
}

}  // namespace edgerun::engine
