#include "journal_loader.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "edgerun/store/crash_point.h"
#include "edgerun/store/journal_record.h"
#include "journal_aside.h"
#include "journal_clock.h"

namespace edgerun::engine {

namespace {

using Loading = store::JobArena::Loading;

constexpr std::size_t kAsideAtOnce = 1024 * 1024;  // bytes
constexpr std::size_t kMostNamed = 10;

/// For the log.
std::string namesOf(const std::vector<store::JobId>& jobs) {
    std::string names;
    for (std::size_t at = 0; at < std::min(jobs.size(), kMostNamed); ++at) {
        names.append(at == 0 ? "" : ", ").append(store::formatJobId(jobs[at]));
    }
    return jobs.size() > kMostNamed ? names.append(", ...") : names;
}

}  // namespace

JournalLoader::JournalLoader(const std::string& directory, store::JobArena& arena,
                             JournalNotes& notes)
    : directory_(directory), arena_(arena), notes_(notes) {}

void JournalLoader::load() {
    const store::OpenFile turn = takeTurn();
    const Loading before = arena_.loading();
    if (!turn) {
        return;
    }
    Left left = lockLeft();
    const bool isFirst = before == Loading::Wanted;
    if (isFirst || !left.writers.empty()) {
        read(std::move(left.writers));
    }
    if (before != Loading::Partial && !left.isAll && !isLockRefused_) {
        notes_.push_back({NGX_LOG_NOTICE, 0,
                          "other processes write here: their jobs follow when they have left"});
    }
    isMissingSome_ = isMissingSome_ || left.hasAside;
    arena_.setLoading(left.isAll && !isMissingSome_ ? Loading::Whole : Loading::Partial);
}

// --- whose turn it is ---

store::OpenFile JournalLoader::takeTurn() {
    const std::string path = directory_ + "/loading.lock";
    store::OpenFile file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file && !isRefused_) {
        isRefused_ = true;
        notes_.push_back({NGX_LOG_ERR, errno, "cannot open \"" + path + "\"; jobs are refused"});
    }
    const bool isMine = file && flock(file.fd(), LOCK_EX | LOCK_NB) == 0;
    return isMine ? std::move(file) : store::OpenFile();
}

/// What is locked can change no more, so it is listed after that.
JournalLoader::Left JournalLoader::lockLeft() {
    bool isRefused = false;
    auto locks = lockFree(isRefused);
    store::DirectoryListing listing = store::listJournal(directory_);

    std::set<std::uint64_t> held;  // instances of which somebody holds a writer
    for (const auto& files : listing.writers) {
        if (isEarlier(files) && locks.count(files.writer) == 0) {
            held.insert(files.instance);
        }
    }
    Left left;
    left.isAll = held.empty() && !isRefused;
    for (auto& files : listing.writers) {
        left.hasAside = left.hasAside || files.instance == asideOf(arena_.instance());
        const auto lock = locks.find(files.writer);
        if (lock != locks.end() && files.instance == 0) {
            store::removeWriter(directory_, files);  // it died before it wrote anything
        } else if (isEarlier(files) && held.count(files.instance) == 0) {
            left.writers.push_back({std::move(files), std::move(lock->second)});
        }
    }
    if (arena_.loading() == Loading::Wanted) {
        for (const auto& problem : listing.problems) {
            notes_.push_back({NGX_LOG_ERR, 0, problem});
        }
    }
    return left;
}

std::map<std::uint64_t, store::OpenFile> JournalLoader::lockFree(bool& isRefused) {
    std::map<std::uint64_t, store::OpenFile> locks;
    for (const auto& files : store::listJournal(directory_).writers) {
        if (!isEarlier(files) && files.instance != 0) {
            continue;
        }
        if (store::OpenFile lock = store::lockWriter(directory_, files.writer)) {
            locks.emplace(files.writer, std::move(lock));
        } else if (errno != EWOULDBLOCK) {
            noteLockRefused(errno);
            isRefused = true;
        }
    }
    return locks;
}

void JournalLoader::noteLockRefused(int error) {
    if (!std::exchange(isLockRefused_, true)) {
        notes_.push_back({NGX_LOG_ERR, error,
                          "cannot lock files of an earlier process; their jobs are missing until "
                          "that works"});
    }
}

bool JournalLoader::isEarlier(const store::WriterFiles& files) const {
    const auto isIt = [&](const LockedWriter& kept) { return kept.files.writer == files.writer; };
    return files.instance != 0 && files.instance != arena_.instance() &&
           files.instance != asideOf(arena_.instance()) && damaged_.count(files.writer) == 0 &&
           std::none_of(kept_.begin(), kept_.end(), isIt);
}

// --- reading ---

void JournalLoader::read(std::vector<LockedWriter> writers) {
    const auto begun = readClocks();
    store::JournalReplay replay;
    const auto isDamaged = [&](const LockedWriter& writer) { return !addAll(writer, replay); };
    writers.erase(std::remove_if(writers.begin(), writers.end(), isDamaged), writers.end());

    Tally tally;
    for (const auto& id : replay.jobs()) {
        if (auto found = replay.find(id)) {
            restore(std::move(*found), tally);
            EDGERUN_CRASH_POINT(journal_loaded_half);
        } else {
            setAside(replay, id, tally);
        }
    }
    flushAside();
    claimAll(std::move(writers));
    notes_.push_back({NGX_LOG_NOTICE, 0,
                      std::to_string(tally.jobs) + " jobs of " + std::to_string(replay.records()) +
                          " records read in " +
                          std::to_string(readClocks().monotonic - begun.monotonic) + " ms"});
    report(tally);
}

/// False if some of it cannot be read.
bool JournalLoader::addAll(const LockedWriter& writer, store::JournalReplay& replay) {
    bool isWhole = true;
    for (const auto& segment : writer.files.segments) {
        const std::size_t tornBefore = replay.torn();
        if (!replay.add(segment)) {
            notes_.push_back({NGX_LOG_ERR, errno, "cannot read \"" + segment.path + "\""});
            isWhole = false;
        } else if (replay.torn() != tornBefore) {
            notes_.push_back({NGX_LOG_ERR, 0,
                              "\"" + segment.path +
                                  "\" ends in something that is no record: a write that was cut "
                                  "short, or damage; it is kept as *.damaged when it is replaced"});
        }
    }
    if (!isWhole) {
        damaged_.insert(writer.files.writer);
    }
    return isWhole;
}

void JournalLoader::restore(store::ReplayedJob found, Tally& tally) {
    const auto now = readClocks();
    run::Record& record = found.job.record;
    const bool isDone = record.phase == run::Phase::Done;
    const std::uint64_t left = store::timeLeft(record, arena_.limits().ttl, now.wall);
    if (isDone && (left == 0 || record.erased)) {
        return;
    }
    const store::JournalTime written = found.written;
    const run::Record asWritten = record;
    store::moveTimes(record, written.monotonic, now.monotonic);
    switch (arena_.restore(found.job, store::acceptedAt(record, now), now.monotonic + left)) {
        case store::Restored::Restored:
            tally.jobs++;
            return;
        case store::Restored::Known:
            return;
        case store::Restored::Full:
            break;
    }
    if (isDone) {
        tally.finishedLeftOut++;
        return;
    }
    tally.runningLeftOut++;
    record = asWritten;
    store::appendWhole(asideFrames_, found.job, found.written);
    writeAside();
}

// --- what the zone cannot take ---

/// A later version may know what this one does not.
void JournalLoader::setAside(const store::JournalReplay& replay, const store::JobId& id,
                             Tally& tally) {
    if (replay.appendAsWritten(asideFrames_, id)) {
        tally.malformed.push_back(id);
        writeAside();
    } else {
        tally.incomplete++;
    }
}

/// Files of their own: those that they came from are written anew without them.
void JournalLoader::writeAside() {
    if (asideFrames_.size() >= kAsideAtOnce) {
        flushAside();
    }
}

void JournalLoader::flushAside() {
    if (asideFrames_.empty()) {
        return;
    }
    isMissingSome_ = true;
    std::string problem;
    if (aside_ == nullptr) {
        aside_ = store::JournalWriter::create(directory_, asideOf(arena_.instance()), problem);
    }
    if (aside_ == nullptr || !aside_->write(asideFrames_, true).isDone) {
        isAsideLost_ = true;
    }
    asideFrames_.clear();
}

/// From now on any worker of this zone may write their jobs anew. All at once: what one file says
/// of a job another one may take back.
void JournalLoader::claimAll(std::vector<LockedWriter> writers) {
    aside_.reset();
    std::vector<std::uint64_t> numbers;
    numbers.reserve(writers.size());
    for (const auto& writer : writers) {
        numbers.push_back(writer.files.writer);
    }
    if (isAsideLost_ || !store::claimWriters(directory_, numbers, arena_.instance())) {
        std::move(writers.begin(), writers.end(), std::back_inserter(kept_));
    }
    isAsideLost_ = false;
}

void JournalLoader::report(const Tally& tally) {
    if (tally.runningLeftOut != 0) {
        notes_.push_back({NGX_LOG_ERR, 0,
                          std::to_string(tally.runningLeftOut) +
                              " running jobs do not fit the zone: they stay in the journal until "
                              "NGINX is started with a larger one"});
    }
    if (tally.finishedLeftOut != 0) {
        notes_.push_back(
            {NGX_LOG_WARN, 0,
             std::to_string(tally.finishedLeftOut) + " finished jobs do not fit the zone"});
    }
    if (tally.incomplete != 0) {
        notes_.push_back(
            {NGX_LOG_ERR, 0,
             std::to_string(tally.incomplete) + " jobs are incomplete in the journal"});
    }
    if (!tally.malformed.empty()) {
        notes_.push_back({NGX_LOG_ERR, 0,
                          std::to_string(tally.malformed.size()) +
                              " jobs are malformed, or of a later version of edgerun: they stay in "
                              "the journal: " +
                              namesOf(tally.malformed)});
    }
    if (!kept_.empty()) {
        notes_.push_back({NGX_LOG_WARN, 0,
                          "files of earlier processes stay as they are: the disk takes no more"});
    }
}

}  // namespace edgerun::engine
