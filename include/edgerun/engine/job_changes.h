#pragma once

#include <cstddef>
#include <vector>

#include "edgerun/loop/loop_event.h"
#include "edgerun/loop/wake_up.h"
#include "edgerun/store/job_arena.h"

namespace edgerun::engine {

/// Told once that the job it watches has changed, or is gone.
class ChangeWaiter {
public:
    virtual void onChange() noexcept = 0;

protected:
    ~ChangeWaiter() = default;

private:
    friend class JobChanges;
    enum class List { None, Waiting, Changed };

    List list_ = List::None;  ///< of JobChanges that holds it, and where
    std::size_t place_ = 0;
};

/// Those who wait, in this worker, for changes of one zone's jobs, whichever worker makes them.
/// Waiting costs nothing: a change wakes the workers.
class JobChanges {
public:
    JobChanges(const store::JobArena& arena, const loop::SharedWakeUp& wakeUp);
    JobChanges(const JobChanges&) = delete;
    JobChanges& operator=(const JobChanges&) = delete;

    /// Never told from within this call. `watch` is the arena's.
    void await(ChangeWaiter& waiter, const store::JobWatch& watch);
    /// It hears nothing any more; harmless if it does not wait.
    void forget(ChangeWaiter& waiter) noexcept;

private:
    struct Waiting {
        ChangeWaiter* waiter;
        store::JobWatch watch;
    };

    static void onWakeUp(void* self) noexcept;
    static void onLook(void* self) noexcept;
    void makeRoom();
    void look() noexcept;
    void keep(std::size_t place, const Waiting& waiting) noexcept;
    void tell() noexcept;

    const store::JobArena& arena_;
    std::vector<Waiting> waiting_;
    std::vector<ChangeWaiter*> changed_;  ///< to be told; null: forgotten; has room for all
    std::size_t told_ = 0;                ///< of these
    loop::LoopEvent look_;
    loop::WakeUpEvent wakeUp_;
};

}  // namespace edgerun::engine
