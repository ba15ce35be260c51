#include <algorithm>
#include <exception>

#include "edgerun/engine/clocks.h"
#include "edgerun/engine/job_json.h"
#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/running_job.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/store/journal_record.h"

/// One step of a job: decided by its machine, then journalled, then in the zone, then performed.
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
           std::holds_alternative<run::Cancel>(event);
}

bool isOnceCall(const run::Step& step) {
    const auto* call = std::get_if<run::Call>(&step.command);
    return call != nullptr && call->once;
}

/// A leaving worker begins no call, so none is to be looked for.
void dropCallWhenLeaving(run::Step& next) {
    if (ngx_exiting && isOnceCall(next)) {
        next.record.intentAt = 0;
        next.record.rounds--;
    }
}

loop::TransferRequest transferOf(run::Call call) {
    loop::TransferRequest request;
    request.method = call.method == run::Method::Get    ? loop::HttpMethod::Get
                     : call.method == run::Method::Post ? loop::HttpMethod::Post
                                                        : loop::HttpMethod::Delete;
    request.path = std::move(call.path);
    request.body = std::move(call.body);
    request.timeout = std::max<std::uint64_t>(call.timeout, 1);
    request.once = call.once;
    return request;
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
    const run::Record& record = loaded->record;
    JobChange change;
    change.revision = loaded->revision + 1;
    change.maxAnswer = maxAnswer_;
    change.provider = providers_.findProvider(record.provider);
    if (change.provider == nullptr) {
        change.step = abandon(record);
        return settle(job, std::move(change));
    }

    const auto request = requestOf(job, *change.provider, record);
    const std::string id = store::formatJobId(job.id());
    run::Context context{change.provider->settings,
                         id,
                         request ? run::Request{request->query, request->threadId,
                                                request->metadata, request->assistant}
                                 : run::Request{},
                         monotonicNow(),
                         wallNow(),
                         static_cast<std::uint32_t>(ngx_random())};
    change.step = change.provider->machine->next(context, record, event);
    if (!change.step.note.empty()) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, "edgerun: job %s, provider \"%s\": %s",
                      id.c_str(), change.provider->name.c_str(), change.step.note.c_str());
    }
    dropCallWhenLeaving(change.step);
    settle(job, std::move(change));
}

/// Only when the machine needs it: the query may be long.
std::optional<store::JobRequest> JobRunner::requestOf(RunningJob& job, const Provider& provider,
                                                      const run::Record& record) {
    if (!provider.machine->needsRequest(record)) {
        return std::nullopt;
    }
    const auto bytes = arena_.loadRequest(job.ref());
    return bytes ? store::decodeJobRequest(*bytes) : std::nullopt;
}

/// The configuration that is in force does not know the job's provider.
run::Step JobRunner::abandon(const run::Record& record) const {
    run::Step last{record, run::Finished{}, std::nullopt, {}};
    last.record.phase = run::Phase::Done;
    if (!run::isFinal(record.status)) {
        last.record.status = run::JobStatus::Failed;
        last.record.completedWall = wallNow();
        last.visible = run::Visible{};
        last.visible->error = run::JobError{"ProviderUnavailable",
                                            "the job's provider is not configured any more", 502};
    }
    return last;
}

void JobRunner::settle(RunningJob& job, JobChange change) {
    run::Step& step = change.step;
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

void JobRunner::render(const RunningJob& job, JobChange& change) const {
    const run::Record& record = change.step.record;
    change.body = record.erased
                      ? std::string()
                      : renderJob(store::formatJobId(job.id()), record, *change.step.visible,
                                  timesOf(record, change.provider), change.maxAnswer);
}

/// A final job has its time from now on; another one will end in time.
JobTimes JobRunner::timesOf(const run::Record& record, const Provider* provider) const {
    const std::int64_t now = wallNow();
    const auto ttl = static_cast<std::int64_t>(arena_.limits().ttl);
    const auto runTimeout =
        static_cast<std::int64_t>(provider != nullptr ? provider->settings.runTimeout : 0);
    return {now, run::isFinal(record.status) ? now + ttl : record.createdWall + runTimeout + ttl};
}

/// What a job must not fall back behind: what its owner has seen, a call that may be paid for, its
/// end. And whoever takes it over says so before anything else, for then the journal of its
/// former worker tells its story no more.
bool JobRunner::journals(const RunningJob& job, const JobChange& change) const {
    const run::Step& step = change.step;
    return journal_ != nullptr && (job.isTakenOver() || step.visible || isOnceCall(step) ||
                                   step.record.erased || step.record.phase == run::Phase::Done);
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
        if (run::isFinal(record.status)) {
            whole->request.clear();
        }
        if (change.body) {
            whole->body = *change.body;
        }
        store::appendWhole(frames, *whole, time);
    } else {
        const auto body = change.body ? std::optional<std::string_view>(*change.body)
                                      : std::optional<std::string_view>();
        store::appendStep(frames, job.id(), job.ref().fence, change.revision, record, body, time);
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
    const auto body = change.body ? std::optional<std::string_view>(*change.body)
                                  : std::optional<std::string_view>();
    switch (arena_.commit(job.ref(), change.step.record, body, monotonicNow())) {
        case Commit::Done:
            EDGERUN_CRASH_POINT(step_committed);
            tellEnding(job);
            return perform(job, std::move(change));
        case Commit::Lost:
            return forget(job);
        case Commit::Full:
            return shrink(job, std::move(change));
    }
}

/// A shorter answer now is worth more than a whole one that never fits.
void JobRunner::shrink(RunningJob& job, JobChange change) {
    if (!change.step.visible) {
        return job.resumeAfter(kPauseAfterTrouble);
    }
    run::Visible& visible = *change.step.visible;
    if (!visible.requiredAction.empty()) {
        visible.requiredAction.clear();
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
    auto& call = std::get<run::Call>(change.step.command);
    const bool once = call.once;
    job.calls(client_.start(change.provider->upstream, transferOf(std::move(call)), job), once);
}

}  // namespace edgerun::engine
