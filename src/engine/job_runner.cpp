#include "edgerun/engine/job_runner.h"

#include <algorithm>
#include <exception>

#include "edgerun/auth/owner.h"
#include "edgerun/engine/clocks.h"
#include "edgerun/engine/job_json.h"
#include "edgerun/engine/running_job.h"

namespace edgerun::engine {

namespace {

constexpr std::size_t kStartsPerTurn = 16;           // between two looks at the sockets
constexpr std::size_t kStartsInBurst = 2;            // while more submissions arrive
constexpr std::uint64_t kWakeGrid = 10;              // ms
constexpr std::uint64_t kPauseAfterTrouble = 1'000;  // ms
constexpr std::size_t kLeastAnswer = 200;            // bytes; not worth cutting further

/// Jobs that wait are woken together: one turn of the loop makes many polls, for
/// the price of one look at the sockets. A poll interval that is a multiple of
/// the grid is late once, not each time.
std::uint64_t onGrid(std::uint64_t until) {
    return (until + kWakeGrid - 1) / kWakeGrid * kWakeGrid;
}

std::uint8_t nodeByte() {
    const ngx_str_t name = const_cast<ngx_cycle_t*>(ngx_cycle)->hostname;
    return auth::ownerKeyOf(loop::view(name))[0];
}

}  // namespace

std::unique_ptr<JobRunner> JobRunner::create(std::string_view zoneName, void* memory,
                                             std::size_t bytes, store::SharedLock& lock,
                                             std::size_t maxAnswer, loop::HttpClient& client,
                                             const ProviderDirectory& providers) {
    auto arena = store::JobArena::attach(memory, bytes, lock);
    if (!arena) {
        ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0,
                      "edgerun: the job zone \"%*s\" is not readable", zoneName.size(),
                      zoneName.data());
        return nullptr;
    }
    return std::unique_ptr<JobRunner>(
        new JobRunner(zoneName, *arena, maxAnswer, client, providers));
}

JobRunner::JobRunner(std::string_view zoneName, const store::JobArena& arena, std::size_t maxAnswer,
                     loop::HttpClient& client, const ProviderDirectory& providers)
    : zoneName_(zoneName),
      arena_(arena),
      maxAnswer_(maxAnswer),
      node_(nodeByte()),
      client_(client),
      providers_(providers),
      tick_(onTick, this),
      start_(onStarts, this) {
    keepPlace();
    tick_.after(1);  // jobs of a former worker wait
}

JobRunner::~JobRunner() {
    forgetAll();
    if (place_) {
        arena_.releaseWorker(*place_);
    }
}

// --- new jobs ---

Submitted JobRunner::submit(const store::JobOwner& owner, const Provider& provider,
                            const store::JobRequest& request) {
    keepPlace();
    const std::int64_t now = wallNow();
    const auto id = store::makeJobId(now, node_, owner, arena_.idSecret());
    if (!place_ || !id) {
        return {SubmitStatus::Unavailable, {}, {}};
    }

    run::Record record;
    record.createdWall = now;
    record.provider = provider.key;
    record.queryCut = request.queryCut;
    if (!record.threadId.assign(request.threadId)) {
        return {SubmitStatus::TooLarge, {}, {}};
    }

    Submitted submitted{SubmitStatus::Accepted, store::formatJobId(*id), {}};
    submitted.body = renderJob(submitted.id, record, {}, timesOf(record, provider), maxAnswer_);

    const auto accepted =
        arena_.accept(*place_, *id, owner, record, store::encodeJobRequest(request), submitted.body,
                      monotonicNow());
    switch (accepted.status) {
        case store::AcceptStatus::Accepted:
            take(accepted.ref);
            return submitted;
        case store::AcceptStatus::Full:
            return {SubmitStatus::Full, {}, {}};
        case store::AcceptStatus::TooLarge:
            return {SubmitStatus::TooLarge, {}, {}};
        case store::AcceptStatus::ThreadBusy:
            return {SubmitStatus::ThreadBusy, {}, {}};
        case store::AcceptStatus::NoOwner:
            place_.reset();
            return {SubmitStatus::Unavailable, {}, {}};
    }
    return {SubmitStatus::Unavailable, {}, {}};
}

/// Jobs begin a few in each turn of the loop, and fewer while others arrive: a
/// burst of submissions is answered first.
void JobRunner::take(const store::JobRef& ref) {
    starts_.push_back(ref);
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
    const std::size_t most = arrived_ ? kStartsInBurst : kStartsPerTurn;
    arrived_ = false;
    for (std::size_t i = 0; i < most && !starts_.empty(); i++) {
        const store::JobRef ref = starts_.front();
        const auto id = arena_.idOf(ref);
        if (!id) {
            starts_.pop_front();
            continue;
        }
        auto fresh = std::make_unique<RunningJob>(*this, ref, *id);
        RunningJob& job = *fresh;
        // A job that this worker lost may have had the same slot.
        const auto stale = jobs_.find(ref.slot);
        if (stale != jobs_.end()) {
            forget(*stale->second);
        }
        jobs_.emplace(ref.slot, std::move(fresh));
        starts_.pop_front();
        drive(job, run::Resume{});
    }
    if (!starts_.empty()) {
        start_.postNext();
    }
}

// --- one step of a job ---

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
    const bool isAnswer = std::holds_alternative<run::Response>(event) ||
                          std::holds_alternative<run::TransportFailure>(event);
    if (ngx_exiting && !isAnswer) {
        giveUp(job);
        return;
    }

    const auto record = arena_.load(job.ref());
    if (!record) {
        forget(job);
        return;
    }
    const Provider* provider = providers_.findProvider(record->provider);
    if (provider == nullptr) {
        abandon(job, *record);
        return;
    }

    const auto request = requestOf(job, *provider, *record);
    const std::string id = store::formatJobId(job.id());
    run::Context context{provider->settings,
                         id,
                         request ? run::Request{request->query, request->threadId,
                                                request->metadata, request->assistant}
                                 : run::Request{},
                         monotonicNow(),
                         wallNow(),
                         static_cast<std::uint32_t>(ngx_random())};
    run::Step next = provider->machine->next(context, *record, event);
    if (!next.note.empty()) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, "edgerun: job %s, provider \"%s\": %s",
                      id.c_str(), provider->name.c_str(), next.note.c_str());
    }
    dropCallWhenLeaving(next);
    if (commit(job, *provider, next)) {
        perform(job, *provider, next);
    }
}

/// A leaving worker begins no call, so none is to be looked for.
void JobRunner::dropCallWhenLeaving(run::Step& next) {
    const auto* call = std::get_if<run::Call>(&next.command);
    if (ngx_exiting && call != nullptr && call->once) {
        next.record.intentAt = 0;
        next.record.rounds--;
    }
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

/// A final job has its time from now on; another one will end in time.
JobTimes JobRunner::timesOf(const run::Record& record, const Provider& provider) const {
    const std::int64_t now = wallNow();
    const auto ttl = static_cast<std::int64_t>(arena_.limits().ttl);
    const auto runTimeout = static_cast<std::int64_t>(provider.settings.runTimeout);
    return {now, run::isFinal(record.status) ? now + ttl : record.createdWall + runTimeout + ttl};
}

/// True when the step counts and its command may be performed.
bool JobRunner::commit(RunningJob& job, const Provider& provider, run::Step& next) {
    using Commit = store::JobArena::Commit;
    if (!next.visible) {
        const Commit outcome = arena_.commit(job.ref(), next.record, std::nullopt, monotonicNow());
        if (outcome == Commit::Lost) {
            forget(job);
        }
        return outcome == Commit::Done;
    }

    next.record.version++;
    const std::string id = store::formatJobId(job.id());
    const JobTimes times = timesOf(next.record, provider);

    std::size_t maxAnswer = maxAnswer_;
    for (;;) {
        const std::string body = renderJob(id, next.record, *next.visible, times, maxAnswer);
        switch (arena_.commit(job.ref(), next.record, body, monotonicNow())) {
            case Commit::Done:
                return true;
            case Commit::Lost:
                forget(job);
                return false;
            case Commit::Full:
                break;
        }
        if (!next.visible->requiredAction.empty()) {
            next.visible->requiredAction.clear();
            continue;
        }
        // A shorter answer now is worth more than a whole one that never fits.
        const std::size_t size = next.visible->answer ? next.visible->answer->size() : 0;
        if (std::min(maxAnswer, size) <= kLeastAnswer) {
            job.resumeAfter(kPauseAfterTrouble);
            return false;
        }
        maxAnswer = std::max(std::min(maxAnswer, size) / 2, kLeastAnswer);
    }
}

void JobRunner::perform(RunningJob& job, const Provider& provider, run::Step& next) {
    if (std::holds_alternative<run::Finished>(next.command)) {
        forget(job);
        return;
    }
    if (ngx_exiting) {
        giveUp(job);
        return;
    }
    if (const auto* wait = std::get_if<run::Wait>(&next.command)) {
        const std::uint64_t now = monotonicNow();
        job.wakeAfter(wait->until > now ? onGrid(wait->until) - now : 0);
        return;
    }

    auto& call = std::get<run::Call>(next.command);
    loop::TransferRequest request;
    request.method = call.method == run::Method::Get    ? loop::HttpMethod::Get
                     : call.method == run::Method::Post ? loop::HttpMethod::Post
                                                        : loop::HttpMethod::Delete;
    request.path = std::move(call.path);
    request.body = std::move(call.body);
    request.timeout = std::max<std::uint64_t>(call.timeout, 1);
    request.once = call.once;
    job.calls(client_.start(provider.upstream, std::move(request), job), call.once);
}

/// The configuration that is in force does not know the job's provider.
void JobRunner::abandon(RunningJob& job, const run::Record& record) {
    run::Record last = record;
    last.phase = run::Phase::Done;
    std::optional<std::string> body;
    if (!run::isFinal(record.status)) {
        last.status = run::JobStatus::Failed;
        last.completedWall = wallNow();
        last.version++;
        run::Visible visible;
        visible.error = run::JobError{"ProviderUnavailable",
                                      "the job's provider is not configured any more", 502};
        body =
            renderJob(store::formatJobId(job.id()), last, visible, timesOf(last, {}), maxAnswer_);
    }
    arena_.commit(job.ref(), last, body ? std::optional<std::string_view>(*body) : std::nullopt,
                  monotonicNow());
    forget(job);
}

void JobRunner::forget(RunningJob& job) {
    if (job.transfer() != nullptr) {
        client_.cancel(job.transfer());
    }
    jobs_.erase(job.ref().slot);
}

void JobRunner::forgetAll() {
    for (auto& [slot, job] : jobs_) {
        if (job->transfer() != nullptr) {
            client_.cancel(job->transfer());
        }
    }
    jobs_.clear();
    starts_.clear();
}

void JobRunner::giveUp(RunningJob& job) {
    arena_.release(job.ref());
    forget(job);
}

}  // namespace edgerun::engine
