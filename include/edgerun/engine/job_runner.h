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

#include "edgerun/engine/job_json.h"
#include "edgerun/engine/provider.h"
#include "edgerun/loop/http_client.h"
#include "edgerun/loop/loop_event.h"
#include "edgerun/run/machine.h"
#include "edgerun/store/job_arena.h"
#include "edgerun/store/job_request.h"

namespace edgerun::engine {

enum class SubmitStatus {
    Accepted,
    Full,         ///< the zone holds only live jobs
    TooLarge,     ///< the request does not fit a job
    ThreadBusy,   ///< another job of the thread is still running
    Unavailable,  ///< this worker has no place in the zone, or no randomness
};

struct Submitted {
    SubmitStatus status;
    std::string id;    ///< of the accepted job
    std::string body;  ///< its JSON, version 1
};

class RunningJob;

/// Takes jobs into one zone and carries those of this worker to their end: one
/// per zone and worker process. Each step of a job is committed to the zone
/// before it is acted on, so that another worker can go on from there.
class JobRunner {
public:
    /// `memory` was carved by JobArena::format(). Null (logged) if not. The
    /// references must outlive the runner.
    static std::unique_ptr<JobRunner> create(std::string_view zoneName, void* memory,
                                             std::size_t bytes, store::SharedLock& lock,
                                             std::size_t maxAnswer, loop::HttpClient& client,
                                             const ProviderDirectory& providers);
    /// Gives all jobs back to the other workers.
    ~JobRunner();
    JobRunner(const JobRunner&) = delete;
    JobRunner& operator=(const JobRunner&) = delete;

    /// `request.assistant` is one of the provider's.
    Submitted submit(const store::JobOwner& owner, const Provider& provider,
                     const store::JobRequest& request);

    store::JobArena& arena() { return arena_; }

private:
    friend class RunningJob;

    JobRunner(std::string_view zoneName, const store::JobArena& arena, std::size_t maxAnswer,
              loop::HttpClient& client, const ProviderDirectory& providers);

    static void onTick(void* self) noexcept;
    static void onStarts(void* self) noexcept;

    void tick();
    void keepPlace();
    void adoptOrphans();
    void startSome();

    void take(const store::JobRef& ref);
    void drive(RunningJob& job, const run::Event& event) noexcept;
    void step(RunningJob& job, const run::Event& event);
    static void dropCallWhenLeaving(run::Step& next);
    std::optional<store::JobRequest> requestOf(RunningJob& job, const Provider& provider,
                                               const run::Record& record);
    JobTimes timesOf(const run::Record& record, const Provider& provider) const;
    bool commit(RunningJob& job, const Provider& provider, run::Step& next);
    void perform(RunningJob& job, const Provider& provider, run::Step& next);
    void abandon(RunningJob& job, const run::Record& record);
    bool owns(const store::JobRef& ref) { return arena_.load(ref).has_value(); }
    void forget(RunningJob& job);
    void forgetAll();
    void giveUp(RunningJob& job);
    void leave();

    std::string zoneName_;
    store::JobArena arena_;
    std::size_t maxAnswer_;
    std::uint8_t node_;  // of job ids: a byte of the host name's digest
    loop::HttpClient& client_;
    const ProviderDirectory& providers_;

    std::optional<store::WorkerPlace> place_;
    std::uint32_t cursor_ = 0;
    std::unordered_map<std::uint32_t, std::unique_ptr<RunningJob>> jobs_;  // by slot
    std::deque<store::JobRef> starts_;
    bool arrived_ = false;  // a job, since the last starts
    std::vector<store::JobRef> taken_;
    loop::LoopEvent tick_;
    loop::LoopEvent start_;
};

}  // namespace edgerun::engine
