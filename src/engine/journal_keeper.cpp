#include "journal_keeper.h"

#include <algorithm>
#include <map>
#include <utility>

#include "edgerun/store/crash_point.h"
#include "journal_clock.h"

namespace edgerun::engine {

namespace {

using Loading = store::JobArena::Loading;

constexpr std::uint64_t kLook = 1'000;                     // ms
constexpr std::int64_t kSealAfter = 600'000;               // ms
constexpr std::int64_t kRewriteAfter = 1'200'000;          // ms
constexpr std::size_t kLeastRewritten = 64 * 1024 * 1024;  // bytes
constexpr std::size_t kMostOnReserve = 4 * 1024 * 1024;    // bytes

}  // namespace

JournalKeeper::JournalKeeper(const JournalSettings& settings, const store::JobArena& arena)
    : settings_(settings), arena_(arena), loader_(settings_.directory, arena_, notes_) {}

JournalNotes JournalKeeper::takeNotes() {
    return std::exchange(notes_, {});
}

// --- groups ---

bool JournalKeeper::write(std::string_view frames) {
    EDGERUN_CRASH_POINT(journal_group_gathered);
    const bool isWritten =
        hasWriter() && settle(writer_->write(frames, settings_.sync == JournalSync::Always));
    EDGERUN_CRASH_POINT(journal_group_written);
    return isWritten;
}

void JournalKeeper::flush() {
    if (writer_ != nullptr) {
        settle(writer_->flush());
    }
}

void JournalKeeper::close() {
    if (settings_.sync != JournalSync::Off) {
        flush();
    }
    rewrite_.reset();
    writer_.reset();
}

bool JournalKeeper::hasWriter() {
    if (writer_ != nullptr) {
        return true;
    }
    std::string problem;
    writer_ = store::JournalWriter::create(settings_.directory, arena_.instance(), problem);
    if (writer_ == nullptr) {
        fail(0, problem);
        return false;
    }
    noteSuccess();
    return true;
}

bool JournalKeeper::settle(const store::JournalWritten& written) {
    if (!written.isDone) {
        // What the failed segment promised before must not depend on it.
        wantsRewrite_ = true;
        fail(written.error, "could not " + std::string(written.what));
        noteReserve();
        return false;
    }
    noteSuccess();
    return true;
}

void JournalKeeper::noteSuccess() {
    if (isFailing_) {
        isFailing_ = false;
        notes_.push_back({NGX_LOG_NOTICE, 0, "works again"});
    }
    noteReserve();
}

void JournalKeeper::fail(int error, const std::string& text) {
    arena_.countJournalFailure();
    if (!isFailing_) {
        isFailing_ = true;
        notes_.push_back({NGX_LOG_ERR, error, text + "; jobs are refused until it works"});
    }
}

void JournalKeeper::noteReserve() {
    const int error = writer_->reserveError();
    if (std::exchange(reserveError_, error) == error) {
        return;
    }
    if (error == 0) {
        notes_.push_back({NGX_LOG_NOTICE, 0, "the disk has room again"});
    } else if (writer_->isOnReserve()) {
        notes_.push_back({NGX_LOG_ERR, 0,
                          "the disk is full; new jobs are refused, running ones use the reserve"});
    } else {
        notes_.push_back({NGX_LOG_ERR, error,
                          "cannot keep space in reserve; new jobs are refused until it can"});
    }
}

// --- whatever is due ---

void JournalKeeper::keep() {
    const std::uint64_t now = readClocks().monotonic;
    const bool isLook = now >= nextLook_;
    if (isLook) {
        nextLook_ = now + kLook;
    }
    // Also when all is read: during a binary upgrade others come, and may leave first.
    if (arena_.loading() == Loading::Wanted || isLook) {
        loader_.load();
    }
    if (!hasWriter() || arena_.loading() == Loading::Wanted) {
        return;
    }
    if (rewrite_ != nullptr) {
        rewriteSome();
    } else if (isLook) {
        keepUp();
    }
}

void JournalKeeper::keepUp() {
    if (!isHealthy()) {
        settle(writer_->write({}, true));  // without it, who is refused would wait for ever
    }
    takeOverFree();
    writer_->sealIfOlder(readClocks().wall - kSealAfter);
    if (!isFailing_) {
        beginRewrite();
    }
}

/// Files of this zone's workers that are gone. What is locked can change no more, so it is listed
/// after that.
void JournalKeeper::takeOverFree() {
    std::map<std::uint64_t, store::OpenFile> locks;
    for (const auto& files : store::listJournal(settings_.directory).writers) {
        if (files.instance != arena_.instance() || files.writer == writer_->writer()) {
            continue;
        }
        if (store::OpenFile lock = store::lockWriter(settings_.directory, files.writer)) {
            locks.emplace(files.writer, std::move(lock));
        }
    }
    if (locks.empty()) {
        return;
    }
    for (auto& files : store::listJournal(settings_.directory).writers) {
        const auto lock = locks.find(files.writer);
        if (lock != locks.end()) {
            writer_->takeOver(std::move(files), std::move(lock->second));
        }
    }
}

// --- old segments are written anew ---

void JournalKeeper::beginRewrite() {
    const bool isAll = isRewriteDue();
    std::vector<store::Segment> chosen;
    for (const auto& segment : writer_->sealed()) {
        const bool isOwn = segment.header.writer == writer_->writer();
        if ((isAll || !isOwn) && damaged_.count(segment.path) == 0) {
            chosen.push_back(segment);
        }
    }
    if (chosen.empty()) {
        return;
    }
    if (writer_->isOnReserve()) {
        chosen.resize(1, chosen.front());
    }
    wantsRewrite_ = wantsRewrite_ && (!isAll || writer_->isOnReserve());
    liveBytes_ = isAll ? 0 : liveBytes_;
    rewritten_ = 0;
    rewrite_ = std::make_unique<JournalRewrite>(settings_.directory, std::move(chosen));
}

/// Of the worker's own segments; others' are not kept.
bool JournalKeeper::isRewriteDue() const {
    std::size_t bytes = 0;
    bool isOld = false;
    const std::int64_t old = readClocks().wall - kRewriteAfter;
    for (const auto& segment : writer_->sealed()) {
        if (segment.header.writer == writer_->writer()) {
            bytes += segment.bytes;
            isOld = isOld || segment.header.createdWall < old;
        }
    }
    return wantsRewrite_ || writer_->isOnReserve() || isOld ||
           bytes > std::max(kLeastRewritten, 2 * liveBytes_);
}

void JournalKeeper::rewriteSome() {
    // Both stand so if it is given up.
    auto rewrite = std::move(rewrite_);
    const bool wantsAnother = std::exchange(wantsRewrite_, true);

    std::string frames;
    bool hasMore = rewrite->next(arena_, frames);
    while (hasMore && writer_->isOnReserve() && frames.size() < kMostOnReserve) {
        hasMore = rewrite->next(arena_, frames);
    }
    if (hasMore && writer_->isOnReserve()) {
        return;  // it would use the reserve up, and make little room
    }
    if (!frames.empty() && !settle(writer_->write(frames, true))) {
        return;
    }
    wantsRewrite_ = wantsAnother;
    rewritten_ += frames.size();
    if (hasMore) {
        rewrite_ = std::move(rewrite);
        return;
    }
    EDGERUN_CRASH_POINT(journal_compacted);
    end(*rewrite);
}

void JournalKeeper::end(const JournalRewrite& rewrite) {
    for (const auto& segment : rewrite.torn()) {
        store::keepDamaged(segment);
    }
    for (const auto& segment : rewrite.segments()) {
        writer_->remove(segment);
    }
    for (const auto& path : rewrite.damaged()) {
        notes_.push_back({NGX_LOG_ERR, 0, "cannot read \"" + path + "\"; it stays as it is"});
        damaged_.insert(path);
    }
    liveBytes_ += rewritten_;
}

}  // namespace edgerun::engine
