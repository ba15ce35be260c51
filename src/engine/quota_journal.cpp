#include "edgerun/engine/quota_journal.h"

#include <unistd.h>

#include <exception>
#include <optional>
#include <utility>

#include "edgerun/loop/loop_event.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/store/quota_frames.h"
#include "edgerun/store/quota_writer.h"

namespace edgerun::engine {

namespace {

using store::QuotaWritten;

constexpr std::size_t kMostGathered = 16 * 1024 * 1024;  // bytes; then no more is taken
constexpr std::size_t kKeptBuffer = 1024 * 1024;         // bytes between groups
constexpr std::uint64_t kFlushAfter = 750;               // ms
constexpr std::uint64_t kRetryAfter = 1'000;             // ms, a failure
constexpr std::uint64_t kTurnAfter = 20;                 // ms, while others begin a file
constexpr int kLastTries = 3;                            // of a leaving worker

struct Group {
    std::string frames;
    std::vector<QuotaJournalWaiter*> waiters;

    bool isEmpty() const { return frames.empty(); }
    void clearFrames();
};

void Group::clearFrames() {
    frames.clear();
    if (frames.capacity() > kKeptBuffer) {
        frames.shrink_to_fit();
    }
}

/// What the thread is given to do.
enum class Duty { Group, Flush, Keep };

}  // namespace

struct QuotaJournal::Impl final : loop::ThreadTask {
    Impl(const QuotaJournalSettings& journal, const store::QuotaCounters& counters);
    ~Impl() override;

    void append(const std::vector<store::QuotaRecord>& records, QuotaJournalWaiter* waiter);

    static void onPump(void* self) noexcept;
    static void onRetry(void* self) noexcept;
    static void onFlushDue(void* self) noexcept;
    void beginNext();
    std::optional<Duty> nextDuty() const;
    void beginDuty(Duty next);

    void work() noexcept override;
    QuotaWritten perform();
    void onDone() noexcept override;
    void endGroup();
    void endKeep();
    void noteFailure();
    void noteSuccess();
    static void tell(Group& group, bool isWritten);

    const QuotaJournalSettings settings;
    store::QuotaWriter writer;  // while a task is under way, the thread's
    Group gathering;
    Group underWay;  // or to be written again

    Duty duty = Duty::Keep;
    QuotaWritten result = QuotaWritten::Done;
    bool isFailing = false;
    bool isFlushDue = false;
    bool isKeepDue = false;
    int lastTries = kLastTries;
    loop::LoopEvent pump;
    loop::LoopEvent turn;  // set: the group under way waits
    loop::LoopEvent retry;
    loop::LoopEvent flush;  // set: something is with the operating system only
};

std::unique_ptr<QuotaJournal> QuotaJournal::create(const QuotaJournalSettings& settings,
                                                   const store::QuotaCounters& counters) {
    if (access(settings.directory.c_str(), R_OK | W_OK | X_OK) != 0) {
        ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, ngx_errno,
                      "edgerun: the journal's directory \"%s\" of the quota zone \"%s\" cannot be "
                      "used",
                      settings.directory.c_str(), settings.zoneName.c_str());
        return nullptr;
    }
    return std::unique_ptr<QuotaJournal>(
        new QuotaJournal(std::make_unique<Impl>(settings, counters)));
}

QuotaJournal::QuotaJournal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

QuotaJournal::~QuotaJournal() = default;

void QuotaJournal::append(const std::vector<store::QuotaRecord>& records,
                          QuotaJournalWaiter* waiter) {
    impl_->append(records, waiter);
}

bool QuotaJournal::isHealthy() const {
    return !impl_->isFailing && impl_->gathering.frames.size() <= kMostGathered;
}

void QuotaJournal::tick() {
    impl_->isKeepDue = true;
    impl_->pump.post();
}

// --- gathering ---

QuotaJournal::Impl::Impl(const QuotaJournalSettings& journal, const store::QuotaCounters& counters)
    : ThreadTask(journal.pool),
      settings(journal),
      writer(journal.directory, counters),
      pump(onPump, this),
      turn(onPump, this),
      retry(onRetry, this),
      flush(onFlushDue, this) {
    turn.keepWorker();
    retry.keepWorker();
    flush.keepWorker();
    retry.after(1);  // a file is begun, if nobody has
}

/// What jobs did at the process's very end. NGINX has joined its threads: what was under way is
/// written.
QuotaJournal::Impl::~Impl() {
    try {
        if (!isFailing && !isUnderWay() && !underWay.isEmpty()) {
            writer.write(underWay.frames);
        }
        if (!isFailing && !gathering.isEmpty()) {
            writer.write(gathering.frames);
        }
        writer.flush();
    } catch (const std::exception&) {
        // No memory. Whoever reads the journal decides by what became of the jobs.
    }
}

/// All of it or, without memory, nothing.
void QuotaJournal::Impl::append(const std::vector<store::QuotaRecord>& records,
                                QuotaJournalWaiter* waiter) {
    gathering.waiters.reserve(gathering.waiters.size() + 1);
    std::string frames;
    store::appendFrames(frames, records);
    gathering.frames.append(frames);
    if (waiter != nullptr) {
        gathering.waiters.push_back(waiter);
    }
    pump.post();
}

// --- what comes next ---

void QuotaJournal::Impl::onPump(void* self) noexcept {
    static_cast<Impl*>(self)->beginNext();
}

void QuotaJournal::Impl::onRetry(void* self) noexcept {
    auto* impl = static_cast<Impl*>(self);
    impl->isKeepDue = true;
    impl->beginNext();
}

void QuotaJournal::Impl::onFlushDue(void* self) noexcept {
    auto* impl = static_cast<Impl*>(self);
    impl->isFlushDue = true;
    impl->beginNext();
}

void QuotaJournal::Impl::beginNext() {
    if (isUnderWay()) {
        return;
    }
    if (const auto next = nextDuty()) {
        beginDuty(*next);
    }
}

/// Groups first, but a file that is begun must come to its end.
std::optional<Duty> QuotaJournal::Impl::nextDuty() const {
    const bool hasGroup = !underWay.isEmpty() || !gathering.isEmpty();
    const bool mayWrite = hasGroup && !isFailing && !turn.isSet();
    if (isFlushDue) {
        return Duty::Flush;
    }
    if (mayWrite && (!isKeepDue || duty != Duty::Group)) {
        return Duty::Group;
    }
    return isKeepDue ? std::optional(Duty::Keep) : std::nullopt;
}

void QuotaJournal::Impl::beginDuty(Duty next) {
    duty = next;
    if (next == Duty::Group && underWay.isEmpty()) {
        std::swap(underWay, gathering);
    }
    if (next == Duty::Keep && isFailing && !writer.hasMore()) {
        gathering.clearFrames();  // it stands in the zone, and so in the file that begins now
    }
    if (!ThreadTask::begin()) {
        pump.after(kTurnAfter);  // other users of the pool have filled its queue
    }
}

// --- in the thread ---

void QuotaJournal::Impl::work() noexcept {
    result = QuotaWritten::Busy;
    try {
        result = perform();
    } catch (const std::exception&) {
        // No memory: the same again a little later.
    }
}

QuotaWritten QuotaJournal::Impl::perform() {
    switch (duty) {
        case Duty::Group: {
            EDGERUN_CRASH_POINT(quota_journal_gathered);
            const QuotaWritten written = writer.write(underWay.frames);
            EDGERUN_CRASH_POINT(quota_journal_written);
            return written;
        }
        case Duty::Flush:
            return writer.flush();
        case Duty::Keep:
            return writer.keepUp();
    }
    return QuotaWritten::Busy;
}

// --- on the loop again ---

void QuotaJournal::Impl::onDone() noexcept {
    if (result == QuotaWritten::Failed) {
        noteFailure();
    }
    switch (duty) {
        case Duty::Group:
            endGroup();
            break;
        case Duty::Flush:
            isFlushDue = false;
            break;
        case Duty::Keep:
            endKeep();
            break;
    }
    if (isFailing && !isKeepDue && !retry.isSet() && (!ngx_exiting || lastTries-- > 0)) {
        retry.after(kRetryAfter);
    }
    beginNext();
}

void QuotaJournal::Impl::endGroup() {
    switch (result) {
        case QuotaWritten::Done:
            if (!flush.isSet()) {
                flush.after(kFlushAfter);
            }
            return tell(underWay, true);
        case QuotaWritten::Busy:
            return turn.after(kTurnAfter);
        case QuotaWritten::Failed:
            return;  // they have been told
    }
}

void QuotaJournal::Impl::endKeep() {
    isKeepDue = result == QuotaWritten::Done && writer.hasMore();
    if (result == QuotaWritten::Done && writer.isSound()) {
        noteSuccess();
    }
}

/// Who waits for what has gathered would be told the same.
void QuotaJournal::Impl::noteFailure() {
    if (!std::exchange(isFailing, true)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, writer.problem().error,
                      "edgerun: journal of the quota zone \"%s\": %s; jobs that its quotas count "
                      "are refused until it works",
                      settings.zoneName.c_str(), writer.problem().text.c_str());
    }
    tell(underWay, false);
    tell(gathering, false);
}

void QuotaJournal::Impl::noteSuccess() {
    if (std::exchange(isFailing, false)) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "edgerun: journal of the quota zone \"%s\": works again",
                      settings.zoneName.c_str());
    }
}

/// Who is told may append.
void QuotaJournal::Impl::tell(Group& group, bool isWritten) {
    group.clearFrames();
    const auto waiters = std::exchange(group.waiters, {});
    for (QuotaJournalWaiter* waiter : waiters) {
        waiter->onQuotaJournaled(isWritten);
    }
}

}  // namespace edgerun::engine
