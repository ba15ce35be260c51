#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "edgerun/store/job_arena.h"
#include "edgerun/store/journal_files.h"
#include "edgerun/store/journal_replay.h"
#include "edgerun/store/journal_writer.h"
#include "journal_notes.h"

namespace edgerun::engine {

/// Brings back the jobs of a zone's earlier lives: those of its instances that no process writes
/// any more, each as a whole, for what one writer's files say of a job another's may have
/// outdated. One worker at a time.
class JournalLoader {
public:
    /// The references must outlive the loader.
    JournalLoader(const std::string& directory, store::JobArena& arena, JournalNotes& notes);

    /// Reads what can be read now, if it is this worker's turn, and tells the arena how much of
    /// all it has then. May take long.
    void load();

private:
    struct LockedWriter {
        store::WriterFiles files;
        store::OpenFile lock;
    };
    struct Left {
        std::vector<LockedWriter> writers;
        bool isAll = true;      ///< nobody holds others
        bool hasAside = false;  ///< this zone could not take some
    };
    struct Tally {
        std::size_t jobs = 0;
        std::size_t runningLeftOut = 0;
        std::size_t finishedLeftOut = 0;
        std::size_t incomplete = 0;
        std::vector<store::JobId> malformed;
    };

    store::OpenFile takeTurn();
    Left lockLeft();
    std::map<std::uint64_t, store::OpenFile> lockFree(bool& isRefused);
    void noteLockRefused(int error);
    bool isEarlier(const store::WriterFiles& files) const;
    void read(std::vector<LockedWriter> writers);
    bool addAll(const LockedWriter& writer, store::JournalReplay& replay);
    void restore(store::ReplayedJob found, Tally& tally);
    void setAside(const store::JournalReplay& replay, const store::JobId& id, Tally& tally);
    void writeAside();
    void flushAside();
    void claimAll(std::vector<LockedWriter> writers);
    void report(const Tally& tally);

    const std::string& directory_;
    store::JobArena& arena_;
    JournalNotes& notes_;
    bool isRefused_ = false;           // its turn; said once
    bool isLockRefused_ = false;       // an earlier writer's; said once
    bool isMissingSome_ = false;       // jobs that are in the journal, and not in the zone
    std::set<std::uint64_t> damaged_;  // writers whose files cannot be read
    std::vector<LockedWriter> kept_;   // that nobody else may read while this process lives

    std::unique_ptr<store::JournalWriter> aside_;
    std::string asideFrames_;
    bool isAsideLost_ = false;
};

}  // namespace edgerun::engine
