#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "edgerun/engine/journal.h"
#include "edgerun/store/job_arena.h"
#include "edgerun/store/journal_writer.h"
#include "journal_loader.h"
#include "journal_notes.h"
#include "journal_rewrite.h"

namespace edgerun::engine {

/// What a journal's thread does. Its functions block, and take turns with the event loop: it may
/// look at the keeper while none of them runs.
class JournalKeeper {
public:
    JournalKeeper(const JournalSettings& settings, const store::JobArena& arena);
    JournalKeeper(const JournalKeeper&) = delete;
    JournalKeeper& operator=(const JournalKeeper&) = delete;

    /// False when nothing of it counts.
    bool write(std::string_view frames);
    /// What sync=interval left with the operating system.
    void flush();
    /// One piece of whatever is due: reads at the start what is there, takes over the files of
    /// workers that are gone, writes old segments anew. Short, but for the reading.
    void keep();
    /// Gives the files to the others.
    void close();

    bool isHealthy() const { return !isFailing_ && reserveError_ == 0; }
    /// Is there more for keep() at once?
    bool hasMore() const { return rewrite_ != nullptr; }
    JournalNotes takeNotes();

private:
    bool hasWriter();
    bool settle(const store::JournalWritten& written);
    void fail(int error, const std::string& text);
    void noteSuccess();
    void noteReserve();

    void keepUp();
    void takeOverFree();
    void beginRewrite();
    bool isRewriteDue() const;
    void rewriteSome();
    void end(const JournalRewrite& rewrite);

    const JournalSettings settings_;
    store::JobArena arena_;
    JournalNotes notes_;
    JournalLoader loader_;
    std::unique_ptr<store::JournalWriter> writer_;
    bool isFailing_ = false;
    int reserveError_ = 0;        // of the last one that was tried; 0: there is one
    std::uint64_t nextLook_ = 0;  // monotonic ms

    std::unique_ptr<JournalRewrite> rewrite_;
    bool wantsRewrite_ = false;      // a segment has failed
    std::size_t rewritten_ = 0;      // bytes of the present rewrite
    std::size_t liveBytes_ = 0;      // what was worth writing anew, the last time
    std::set<std::string> damaged_;  // segments that cannot be read: left as they are
};

}  // namespace edgerun::engine
