#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edgerun/loop/thread_task.h"
#include "edgerun/store/job_arena.h"

namespace edgerun::engine {

enum class JournalSync {
    Always,    ///< on the disk before anybody hears of it
    Interval,  ///< with the operating system; on the disk within a second
    Off,       ///< with the operating system
};

struct JournalSettings {
    std::string zoneName;  ///< for logs
    std::string directory;
    JournalSync sync = JournalSync::Always;
    ngx_thread_pool_t* pool = nullptr;
};

/// Told once what became of an append().
class JournalWaiter {
public:
    virtual void onJournaled(bool isWritten) noexcept = 0;

protected:
    ~JournalWaiter() = default;
};

enum class JournalNeed {
    MayFail,      ///< what a client can be refused (a new job, an erasure): told false when the
                  ///< disk fails or is full
    MustSucceed,  ///< a step: tried again, on another segment, until it is written
};

/// One zone's journal as one worker keeps it: what its jobs do is written in groups by a thread,
/// never on the event loop. While one group is written the next one gathers.
///
/// Behind the scenes (journal_keeper): reads at the start what earlier lives of the zone left,
/// takes over the files of workers that are gone, and writes old segments anew without what
/// counts no more.
class Journal {
public:
    /// `arena` is the worker's own object, for its thread; all must outlive the journal. Null
    /// (logged) when the directory cannot be used.
    static std::unique_ptr<Journal> create(const JournalSettings& settings, store::JobArena arena);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    /// `frames` as of store/journal_record.h. The waiter (or null) is told from the event loop, in
    /// the order of the appends, never from within this call.
    void append(std::string_view frames, JournalWaiter* waiter, JournalNeed need);
    /// It hears nothing any more; harmless if it does not wait. What it appended stands.
    void forget(JournalWaiter& waiter) noexcept;

    /// May new jobs be accepted? Not while the disk is full or failing.
    bool isHealthy() const;

    /// Every 250 ms or so: whatever is due behind the scenes.
    void tick();
    /// A leaving worker without jobs: once idle, gives its files to the others. Appends fail
    /// from then on.
    void leave();

private:
    struct Impl;
    explicit Journal(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::engine
