#include <algorithm>
#include <exception>

#include "edgerun/engine/clocks.h"
#include "edgerun/engine/job_json.h"
#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/running_job.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/store/journal_record.h"
#include "job_inputs.h"
#include "job_transfer.h"

/// One step of a job: decided by its machine, its answer cleaned, then journalled, then in the
/// zone, then performed.
namespace edgerun::engine {

namespace {

constexpr std::uint64_t kWakeGrid = 10;              // ms
constexpr std::uint64_t kPauseAfterTrouble = 1'000;  // ms
constexpr std::size_t kLeastAnswer = 200;            // bytes; not worth cutting further

/// Jobs that wait are woken together: one turn of the loop makes many polls, for
/// the price of one look at the sockets. A poll interval that is a multiple of
/// the grid is late once, not each time.
std::uint64_t onGrid(std::uint64_t until) {
    return (until + kWakeGrid - 1) / kWakeGrid * kWakeGrid;
}

/// A leaving worker waits for these only.
bool mustBeHeard(const run::Event& event) {
    return std::holds_alternative<run::Response>(event) ||
           std::holds_alternative<run::TransportFailure>(event) ||
           std::holds_alternative<run::ToolOutputs>(event) ||
           std::holds_alternative<run::Cancel>(event);
}

bool isOnceCall(const run::Step& step) {
    const auto* call = std::get_if<run::Call>(&step.command);
    return call != nullptr && call->once;
}

}  // namespace

void JobRunner::drive(RunningJob& job, const run::Event& event) noexcept {
    try {
        step(job, event);
    } catch (const std::exception& trouble) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "edgerun: a job must wait: %s",
                      trouble.what());
        job.resumeAfter(kPauseAfterTrouble);
    }
}

void JobRunner::step(RunningJob& job, const run::Event& event) {
    if (ngx_exiting && !mustBeHeard(event)) {
        giveUp(job);
        return;
    }
    const auto loaded = arena_.load(job.ref());
    if (!loaded) {
        forget(job);
        return;
    }
    const Provider* provider = providers_.findProvider(loaded->record.provider);
    if (provider == nullptr) {
        JobChange last;
        last.revision = loaded->revision + 1;
        last.step = abandon(loaded->record);
        return settle(job, std::move(last));
    }
    if (!mustWait(job, loaded->record, event, *provider)) {
        clean(job, decide(job, event, *loaded, *provider));
    }
}

void JobRunner::settle(RunningJob& job, JobChange change) {
    run::Step& step = change.step;
    change.maxAnswer = change.maxAnswer == 0 ? maxAnswer_ : change.maxAnswer;
    step.record.erased = step.record.erased || job.isErased();
    if (step.visible) {
        step.record.version++;
        render(job, change);
    }
    EDGERUN_CRASH_POINT(step_decided);
    if (!journals(job, change)) {
        return apply(job, std::move(change));
    }
    if (appendTo(job, change)) {
        job.awaits(std::move(change));
    } else {
        forget(job);
    }
}

void JobRunner::render(const RunningJob& job, JobChange& change) {
    const run::Record& record = change.step.record;
    if (record.erased) {
        change.body = JobJson{};
        return;
    }
    if (!change.knowledge) {
        auto request = requestOf(job.ref());
        change.knowledge = request ? std::move(request->knowledge) : std::string();
    }
    change.body = renderJob(store::formatJobId(job.id()), record, *change.step.visible,
                            *change.knowledge, timesOf(record, change.provider), change.maxAnswer);
}

/// A final job has its time from now on; another one will end in time, once its client has done
/// its part.
JobTimes JobRunner::timesOf(const run::Record& record, const Provider* provider) const {
    const std::int64_t now = wallNow();
    const auto ttl = static_cast<std::int64_t>(arena_.limits().ttl);
    if (run::isFinal(record.status)) {
        return {now, now + ttl};
    }
    const auto runTimeout =
        static_cast<std::int64_t>(provider != nullptr ? provider->settings.runTimeout : 0);
    std::int64_t end = record.createdWall + runTimeout;
    if (record.toolRounds > 0) {
        const auto left = static_cast<std::int64_t>(record.deadline + record.timeLeft) -
                          static_cast<std::int64_t>(monotonicNow());
        end = std::max(end, now + left);
    }
    return {now, end + ttl};
}

/// What a job must not fall back behind: what its owner has seen, a call that may be paid for, what
/// its machine wrote, by which later records are understood, its end. And whoever takes it over
/// says so before anything else, for then the journal of its former worker tells its story no more.
bool JobRunner::journals(const RunningJob& job, const JobChange& change) const {
    const run::Step& step = change.step;
    const bool writes = change.request && !run::isFinal(step.record.status);
    return journal_ != nullptr &&
           (job.isTakenOver() || step.visible || isOnceCall(step) || writes || step.record.erased ||
            step.record.phase == run::Phase::CallTools || step.record.phase == run::Phase::Done);
}

/// False when the job is not this worker's any more.
bool JobRunner::appendTo(RunningJob& job, const JobChange& change) {
    const store::JournalTime time{monotonicNow(), wallNow()};
    const run::Record& record = change.step.record;
    std::string frames;
    if (job.isTakenOver()) {
        auto whole = arena_.loadWhole(job.ref());
        if (!whole) {
            return false;
        }
        whole->revision = change.revision;
        whole->record = record;
        if (change.request) {
            whole->request = *change.request;
        }
        if (run::isFinal(record.status) && !record.keepsRequest) {
            whole->request.clear();
        }
        if (change.body) {
            whole->body = change.body->text;
            whole->stepsAt = change.body->stepsAt;
        }
        store::appendWhole(frames, *whole, time);
    } else {
        store::appendStep(frames, job.id(), job.ref().fence, change.revision, change.update(),
                          time);
    }
    journal_->append(frames, &job, JournalNeed::MustSucceed);
    return true;
}

void JobRunner::onJournaled(RunningJob& job, bool isWritten) noexcept {
    JobChange change = job.takeChange();
    if (!isWritten) {
        // The journal was left: another worker goes on from what the zone holds.
        giveUp(job);
        return;
    }
    EDGERUN_CRASH_POINT(step_journaled);
    job.wasJournaled();
    try {
        apply(job, std::move(change));
    } catch (const std::exception& trouble) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "edgerun: a job must wait: %s",
                      trouble.what());
        job.resumeAfter(kPauseAfterTrouble);
    }
}

void JobRunner::apply(RunningJob& job, JobChange change) {
    using Commit = store::JobArena::Commit;
    switch (arena_.commit(job.ref(), change.update(), monotonicNow())) {
        case Commit::Done:
            EDGERUN_CRASH_POINT(step_committed);
            settleQuotas(job, change);
            tellOrder(job);
            return perform(job, std::move(change));
        case Commit::Lost:
            return forget(job);
        case Commit::Full:
            return shrink(job, std::move(change));
    }
}

void JobRunner::settleQuotas(const RunningJob& job, const JobChange& change) const {
    const run::Record& record = change.step.record;
    if (quotas_ != nullptr && change.body && run::isFinal(record.status)) {
        quotas_->settle(job.id(), record);
        EDGERUN_CRASH_POINT(quota_settled);
    }
}

/// A shorter answer now is worth more than a whole one that never fits; and a job that cannot
/// keep what it needs to go on had better say so.
void JobRunner::shrink(RunningJob& job, JobChange change) {
    const bool isFinal = run::isFinal(change.step.record.status);
    if (change.request && !isFinal) {
        return drive(job, run::NoRoom{});
    }
    if (!change.step.visible) {
        return job.resumeAfter(kPauseAfterTrouble);
    }
    run::Visible& visible = *change.step.visible;
    if (!visible.steps.empty()) {
        visible.steps.clear();
    } else if (change.step.record.keepsRequest && isFinal) {
        change.step.record.keepsRequest = false;
        change.request.reset();
    } else {
        const std::size_t size = visible.answer ? visible.answer->size() : 0;
        if (std::min(change.maxAnswer, size) <= kLeastAnswer) {
            return job.resumeAfter(kPauseAfterTrouble);
        }
        change.maxAnswer = std::max(std::min(change.maxAnswer, size) / 2, kLeastAnswer);
    }
    change.step.record.version--;  // counted anew
    settle(job, std::move(change));
}

void JobRunner::perform(RunningJob& job, JobChange change) {
    if (change.step.parting) {
        part(*change.provider, std::move(*change.step.parting));
    }
    if (std::holds_alternative<run::Finished>(change.step.command)) {
        forget(job);
        return;
    }
    if (ngx_exiting) {
        giveUp(job);
        return;
    }
    if (const auto* wait = std::get_if<run::Wait>(&change.step.command)) {
        const std::uint64_t now = monotonicNow();
        job.wakeAfter(wait->until > now ? onGrid(wait->until) - now : 0);
        return;
    }
    if (const auto* tools = std::get_if<run::ToolCalls>(&change.step.command)) {
        return callTools(job, *tools, *change.provider);
    }
    auto& call = std::get<run::Call>(change.step.command);
    const RunningJob::CallKind kind{change.provider->key, call.once, call.held};
    job.calls(client_.start(change.provider->upstream, transferOf(std::move(call)), job), kind);
}

void JobRunner::callTools(RunningJob& job, const run::ToolCalls& calls, const Provider& provider) {
    const auto whole = arena_.loadWhole(job.ref());
    const auto request = whole ? store::decodeJobRequest(whole->request) : std::nullopt;
    const AssistantConf* conf =
        request ? providers_.findAssistant(assistantNameOf(*request, provider)) : nullptr;
    if (conf == nullptr) {
        return job.resumeAfter(kPauseAfterTrouble);
    }
    job.calls(std::make_unique<ToolRunner>(
        client_, tools_, *conf,
        ToolCaller{store::formatJobId(job.id()), request->user, whole->owner}, calls, job));
}

}  // namespace edgerun::engine
