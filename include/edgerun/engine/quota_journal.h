#pragma once

#include <memory>
#include <string>
#include <vector>

#include "edgerun/loop/thread_task.h"
#include "edgerun/store/quota_counters.h"

namespace edgerun::engine {

struct QuotaJournalSettings {
    std::string zoneName;  ///< for logs
    std::string directory;
    ngx_thread_pool_t* pool = nullptr;
};

/// Told once what became of an append(). Must live until then, or longer than the journal.
class QuotaJournalWaiter {
public:
    virtual void onQuotaJournaled(bool isWritten) noexcept = 0;

protected:
    ~QuotaJournalWaiter() = default;
};

/// A quota zone's journal (store/quota_files.h) as one worker keeps it: what changes in the zone is
/// written in groups by a thread, while the next group gathers, and flushed within a second.
///
/// After a failure nothing is written until all that the zone holds stands in a new file; that is
/// tried once a second. What was appended meanwhile is in the zone, and therefore in that file.
///
/// A worker that leaves stays until all is written and flushed.
class QuotaJournal {
public:
    /// `counters` is the journal's own object, for its thread. Null (logged) when the directory
    /// cannot be used.
    static std::unique_ptr<QuotaJournal> create(const QuotaJournalSettings& settings,
                                                const store::QuotaCounters& counters);
    ~QuotaJournal();
    QuotaJournal(const QuotaJournal&) = delete;
    QuotaJournal& operator=(const QuotaJournal&) = delete;

    /// What was just changed in the zone. The waiter (or null) is told from the event loop, never
    /// from within this call.
    void append(const std::vector<store::QuotaRecord>& records, QuotaJournalWaiter* waiter);

    /// May more be taken? Not while the disk is full or failing.
    bool isHealthy() const;

    /// Every second: whatever is due behind the scenes.
    void tick();

private:
    struct Impl;
    explicit QuotaJournal(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::engine
