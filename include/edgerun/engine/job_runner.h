#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "edgerun/engine/change_signal.h"
#include "edgerun/engine/job_changes.h"
#include "edgerun/engine/job_json.h"
#include "edgerun/engine/journal.h"
#include "edgerun/engine/provider.h"
#include "edgerun/engine/quota_book.h"
#include "edgerun/engine/tool_cache.h"
#include "edgerun/loop/http_client.h"
#include "edgerun/loop/loop_event.h"
#include "edgerun/loop/wake_up.h"
#include "edgerun/run/machine.h"
#include "edgerun/store/job_arena.h"
#include "edgerun/store/job_request.h"
#include "edgerun/store/provider_page.h"

namespace edgerun::engine {

/// A new job as a client asked for it.
struct Submission {
    const store::JobOwner& owner;
    const Provider& provider;
    const Provider* fallback;  ///< takes it where `provider` surely did not start it; or null
    const store::JobRequest& request;
    store::IdempotencyKey key;
    std::uint32_t maxRunning = 0;  ///< 0: any number
    run::StartGuarantee guarantee = run::StartGuarantee::Lookup;
    std::vector<QuotaOrder> quotas{};  ///< all of which it must get
};

enum class SubmitStatus {
    Accepted,
    KnownKey,        ///< the key's first job: Submitted::known
    Full,            ///< the zone holds only live jobs
    TooLarge,        ///< the request does not fit a job
    TooManyRunning,  ///< Submission::maxRunning
    ThreadGone,      ///< the thread that the job is to go on in is being deleted
    QuotaSpent,      ///< Submitted::quotas says which
    QuotaFull,       ///< a quota zone has no room for another user
    Unavailable,     ///< jobs are still being read, this worker has no place in the zone, the
                     ///< journal cannot be written, or no randomness. With a journal, the job may
                     ///< exist all the same: who sends it again should do so with a key.
};

struct Submitted {
    SubmitStatus status;
    std::string id;    ///< of the accepted job
    std::string body;  ///< its JSON, version 1
    store::KnownJob known;
    QuotaVerdict quotas{};  ///< if accepted, or QuotaSpent
};

class SubmitListener {
public:
    virtual void onSubmitted(const Submitted& submitted) noexcept = 0;

protected:
    ~SubmitListener() = default;
};

/// What came of what a client orders for a job: cancel(), erase(), giveOutputs().
enum class Order {
    Coming,       ///< the listener will be told
    Done,         ///< the job is final (or erased, or has the outputs), by this or an earlier call
    Lost,         ///< not carried out: the job is somebody else's by now; look at it again
    Conflict,     ///< it does not wait for outputs, or not for these
    Unknown,      ///< no such job of this owner
    Unavailable,  ///< this worker has no place in the zone, or the journal cannot be written
};

class OrderListener {
public:
    virtual void onOrder(Order order) noexcept = 0;

protected:
    ~OrderListener() = default;
};

struct RunnerSettings {
    std::string zoneName;
    void* memory = nullptr;  ///< carved by JobArena::format()
    std::size_t bytes = 0;
    std::size_t maxAnswer = 0;
    std::optional<JournalSettings> journal;
    store::ProviderPage* providers = nullptr;  ///< what all workers know of them
    QuotaBook* quotas = nullptr;               ///< null: no job has any
    ngx_thread_pool_t* cleaners = nullptr;     ///< of long answers; null: the event loop is
};

class RunningJob;
class PartingCall;
class PendingSubmit;
class PendingErase;
class AnswerCleaning;
struct CleanedAnswer;
struct JobChange;
struct JobInputs;

/// Takes jobs into one zone and carries those of this worker to their end: one
/// per zone and worker process. Each step of a job is committed to the zone
/// before it is acted on, so that another worker can go on from there; and to the
/// journal, where there is one, before the zone.
class JobRunner {
public:
    /// Null (logged) if the zone or its journal cannot be used. The references must outlive the
    /// runner.
    static std::unique_ptr<JobRunner> create(const RunnerSettings& settings,
                                             store::SharedLock& lock,
                                             const loop::SharedWakeUp& wakeUp,
                                             loop::HttpClient& client,
                                             const ProviderDirectory& providers);
    /// Gives all jobs back to the other workers.
    ~JobRunner();
    JobRunner(const JobRunner&) = delete;
    JobRunner& operator=(const JobRunner&) = delete;

    /// nullopt: the listener will be told, unless it says forget().
    std::optional<Submitted> submit(const Submission& submission, SubmitListener& listener);
    /// The job goes on without it.
    void forget(SubmitListener& listener) noexcept;

    /// The job ends as cancelled, at once for its owner, then at the provider; a final one stays
    /// as it is.
    Order cancel(const store::JobOwner& owner, const store::JobId& id, OrderListener& listener);
    /// The same, and nobody sees it any more.
    Order erase(const store::JobOwner& owner, const store::JobId& id, OrderListener& listener);
    /// For a job in REQUIRES_ACTION: the outputs of exactly the calls that it shows.
    Order giveOutputs(const store::JobOwner& owner, const store::JobId& id,
                      run::ToolOutputs outputs, OrderListener& listener);
    void forget(OrderListener& listener) noexcept;

    store::JobArena& arena() { return arena_; }
    JobChanges& changes() { return changes_; }
    /// Have the jobs of an earlier life been read? Before that nothing is known of any job.
    bool isReady() const { return arena_.loading() != store::JobArena::Loading::Wanted; }
    /// Until then a job that is not found may be another process's.
    bool isWhole() const { return arena_.loading() == store::JobArena::Loading::Whole; }

private:
    friend class RunningJob;
    friend class PendingSubmit;
    friend class PartingCall;
    friend class PendingErase;
    friend class AnswerCleaning;

    JobRunner(const RunnerSettings& settings, std::unique_ptr<ChangeSignal> signal,
              const store::JobArena& arena, const loop::SharedWakeUp& wakeUp,
              loop::HttpClient& client, const ProviderDirectory& providers);

    // job_runner.cpp: jobs begin, and are forgotten
    struct Start {
        store::JobRef ref;
        bool isTakenOver = false;  ///< from another worker, or an earlier life
    };
    static void onStarts(void* self) noexcept;
    void take(const store::JobRef& ref, bool isTakenOver);
    void startSome();
    RunningJob& open(const Start& start, const store::JobId& id);
    void forget(RunningJob& job);
    void tellOrder(RunningJob& job);
    void forgetAll();
    void giveUp(RunningJob& job);
    bool owns(const store::JobRef& ref) { return arena_.load(ref).has_value(); }

    // job_runner_place.cpp: the worker's place in the zone, and leaving
    static void onTick(void* self) noexcept;
    void tick();
    void keepPlace();
    void adoptOrphans();
    void dropLostWork();
    void leave();

    // job_submits.cpp: new jobs
    bool mayAccept() const;
    std::int64_t idTimeOf(const Submission& submission, std::int64_t now);
    bool takesQuotas(const Submission& submission) const;
    std::optional<SubmitStatus> takeQuotas(const Submission& submission, PendingSubmit& pending);
    std::optional<Submitted> accept(std::unique_ptr<PendingSubmit> pending, store::JobSnapshot job,
                                    std::uint32_t maxRunning);
    void write(std::unique_ptr<PendingSubmit> pending, store::JobSnapshot job);
    void append(PendingSubmit& pending);
    void onQuotaWritten(PendingSubmit& pending) noexcept;
    void finish(PendingSubmit& pending) noexcept;
    void disown(const store::JobId& id) noexcept;
    void begin(const store::JobRef& ref) noexcept;

    // job_orders.cpp: what clients order for their jobs
    bool mayOrder(const store::JobOwner& owner, const store::JobId& id, Order& refusal);
    Order end(const store::JobOwner& owner, const store::JobId& id, OrderListener& listener,
              bool erases);
    std::optional<run::JobStatus> statusOf(const store::JobOwner& owner, const store::JobId& id);
    RunningJob* orderedJob(const store::JobId& id);
    Order carryOut(const store::JobRef& ref, const store::JobId& id, const run::Event& event,
                   OrderListener& listener, bool erases);
    Order eraseDone(const store::JobOwner& owner, const store::JobId& id, OrderListener& listener);
    void finish(PendingErase& pending) noexcept;

    // job_begin.cpp: what may keep a job from beginning
    bool mustWait(RunningJob& job, const run::Record& record, const run::Event& event,
                  const Provider& provider);
    bool awaitsTurn(RunningJob& job, const run::Record& record);
    bool awaitsProvider(RunningJob& job, const run::Record& record, const Provider& provider);
    bool canFallBack(const run::Record& record) const;
    void fallBack(JobChange& change, const run::Record& before) const;
    void part(const Provider& provider, run::Call call);
    void forget(PartingCall& call) noexcept;
    void noteCall(std::uint64_t provider, bool hasFailed) noexcept;

    // job_steps.cpp: one step of a job
    void drive(RunningJob& job, const run::Event& event) noexcept;
    void step(RunningJob& job, const run::Event& event);
    void settle(RunningJob& job, JobChange change);
    void render(const RunningJob& job, JobChange& change);
    JobTimes timesOf(const run::Record& record, const Provider* provider) const;
    bool journals(const RunningJob& job, const JobChange& change) const;
    bool appendTo(RunningJob& job, const JobChange& change);
    void onJournaled(RunningJob& job, bool isWritten) noexcept;
    void apply(RunningJob& job, JobChange change);
    void settleQuotas(const RunningJob& job, const JobChange& change) const;
    void shrink(RunningJob& job, JobChange change);
    void perform(RunningJob& job, JobChange change);
    void callTools(RunningJob& job, const run::ToolCalls& calls, const Provider& provider);

    // job_decision.cpp: what the machine is told, and what becomes of what it says
    JobChange decide(RunningJob& job, const run::Event& event, const store::LoadedJob& loaded,
                     const Provider& provider);
    JobInputs inputsOf(RunningJob& job, const run::Record& record, const Provider& provider);
    void addAssistant(RunningJob& job, const run::Record& record, const Provider& provider,
                      JobInputs& inputs);
    std::optional<store::JobRequest> requestOf(const store::JobRef& ref);
    run::Step nextStep(const RunningJob& job, const run::Machine& machine, run::Context context,
                       const run::Record& record, const run::Event& event);
    bool settlesThread(const RunningJob& job, const run::Record& before, const run::Step& step,
                       const run::Context& context);
    void keepWork(RunningJob& job, JobInputs& inputs, const run::Record& before, JobChange& change);
    void tellAssistant(const JobInputs& inputs, const run::Step& step);
    run::Step abandon(const run::Record& record) const;

    // job_answers.cpp: what is shown of an answer
    std::string rulesFor(const RunningJob& job, JobInputs& inputs, const run::Step& step);
    void clean(RunningJob& job, JobChange change);
    void cleanAside(RunningJob& job, JobChange change, const text::Sanitizer& sanitizer);
    void onCleaned(AnswerCleaning& done) noexcept;
    void settleCleaned(RunningJob& job, JobChange change, CleanedAnswer cleaned);
    static void tellUncleaned(const RunningJob& job, const std::string& rules, const char* why);

    std::string zoneName_;
    std::unique_ptr<ChangeSignal> signal_;
    store::JobArena arena_;
    std::unique_ptr<Journal> journal_;  ///< null: jobs end with the zone
    std::size_t maxAnswer_;
    std::uint8_t node_;  // of job ids: a byte of the host name's digest
    loop::HttpClient& client_;
    const ProviderDirectory& providers_;
    store::ProviderPage* page_;
    QuotaBook* quotas_;

    std::optional<store::WorkerPlace> place_;
    std::uint32_t cursor_ = 0;
    std::unordered_map<std::uint32_t, std::unique_ptr<RunningJob>> jobs_;  // by slot
    std::unordered_map<PendingSubmit*, std::unique_ptr<PendingSubmit>> submits_;
    std::unordered_map<SubmitListener*, PendingSubmit*> submitters_;  // those who still listen
    std::unordered_map<PendingErase*, std::unique_ptr<PendingErase>> erasures_;
    std::vector<RunningJob*> orders_;  // of clients who wait until they are carried out
    std::unordered_map<PartingCall*, std::unique_ptr<PartingCall>> partings_;
    ngx_thread_pool_t* cleaners_;
    std::unordered_map<AnswerCleaning*, std::unique_ptr<AnswerCleaning>> cleanings_;
    ToolCache tools_;
    std::deque<Start> starts_;
    bool arrived_ = false;  // a job, since the last starts
    std::vector<store::JobRef> taken_;
    JobChanges changes_;
    loop::LoopEvent tick_;
    loop::LoopEvent start_;
};

}  // namespace edgerun::engine
