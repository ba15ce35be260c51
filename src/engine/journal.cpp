#include "edgerun/engine/journal.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

#include "edgerun/engine/clocks.h"
#include "edgerun/loop/loop_event.h"
#include "edgerun/store/crash_point.h"
#include "journal_keeper.h"

namespace edgerun::engine {

namespace {

constexpr std::size_t kMostGathered = 64 * 1024 * 1024;  // bytes; then new jobs are refused
constexpr std::size_t kKeptBuffer = 4 * 1024 * 1024;     // bytes between groups
constexpr std::uint64_t kFlushAfter = 750;               // ms, with sync=interval
constexpr std::uint64_t kFirstRetry = 250;               // ms
constexpr std::uint64_t kLastRetry = 1'000;              // ms
constexpr std::uint64_t kKeepPause = 10;                 // ms, while groups wait

/// One append() that waits for its group.
struct Entry {
    JournalWaiter* waiter;  // null: nobody wants to know
    JournalNeed need;
    std::size_t bytes;
};

using Entries = std::list<Entry>;  // entries stay where they are, whichever list they are in

struct Group {
    std::string frames;
    Entries entries;

    bool isEmpty() const { return entries.empty(); }
    void clearFrames();
    Entries takeFailed();
};

void Group::clearFrames() {
    frames.clear();
    if (frames.capacity() > kKeptBuffer) {
        frames.shrink_to_fit();
    }
}

/// Leaves what must succeed, in its order; takes no memory.
Entries Group::takeFailed() {
    Entries failed;
    std::size_t from = 0;
    std::size_t to = 0;
    for (auto it = entries.begin(); it != entries.end();) {
        const auto entry = it++;
        if (entry->need == JournalNeed::MayFail) {
            failed.splice(failed.end(), entries, entry);
        } else {
            std::copy_n(frames.begin() + static_cast<std::ptrdiff_t>(from), entry->bytes,
                        frames.begin() + static_cast<std::ptrdiff_t>(to));
            to += entry->bytes;
        }
        from += entry->bytes;
    }
    frames.resize(to);
    return failed;
}

/// What the thread is given to do.
enum class Duty { Group, Flush, Keep, Close };

}  // namespace

struct Journal::Impl final : loop::ThreadTask {
    Impl(const JournalSettings& journal, const store::JobArena& arena);

    void append(std::string_view frames, JournalWaiter* waiter, JournalNeed need);
    void forget(JournalWaiter& waiter) noexcept;

    static void onPump(void* self) noexcept;
    static void onFlushDue(void* self) noexcept;
    void beginNext();
    std::optional<Duty> nextDuty() const;
    bool hasGroup() const { return !underWay.isEmpty() || !gathering.isEmpty(); }
    void beginDuty(Duty next);

    void work() noexcept override;
    void perform();
    void onDone() noexcept override;
    void endDuty();
    void endGroup();
    void tell(Entries entries, bool isWrittenNow);
    void unlist(const Entry& entry);
    void logNotes();

    const JournalSettings settings;
    JournalKeeper keeper;  // while a task is under way, the thread's
    Group gathering;
    Group underWay;  // or failed, and to be written again
    std::unordered_multimap<const JournalWaiter*, Entry*> waiting;

    Duty duty = Duty::Keep;
    bool isWritten = false;
    bool isHealthy = true;
    bool isKeepDue = false;
    bool isLeaving = false;
    bool isClosed = false;
    std::uint64_t keptAt = 0;
    std::uint64_t retryAfter = kFirstRetry;
    loop::LoopEvent pump;
    loop::LoopEvent retry;  // set: the group under way waits
    loop::LoopEvent flush;  // set: something is with the operating system only
    bool isFlushDue = false;
};

std::unique_ptr<Journal> Journal::create(const JournalSettings& settings, store::JobArena arena) {
    if (access(settings.directory.c_str(), R_OK | W_OK | X_OK) != 0) {
        ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, ngx_errno,
                      "edgerun: the journal's directory \"%s\" of the job zone \"%s\" cannot be "
                      "used",
                      settings.directory.c_str(), settings.zoneName.c_str());
        return nullptr;
    }
    return std::unique_ptr<Journal>(new Journal(std::make_unique<Impl>(settings, arena)));
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Journal::~Journal() = default;

void Journal::append(std::string_view frames, JournalWaiter* waiter, JournalNeed need) {
    impl_->append(frames, waiter, need);
}

void Journal::forget(JournalWaiter& waiter) noexcept {
    impl_->forget(waiter);
}

bool Journal::isHealthy() const {
    return impl_->isHealthy && impl_->gathering.frames.size() <= kMostGathered;
}

void Journal::tick() {
    impl_->isKeepDue = true;
    impl_->pump.post();
}

void Journal::leave() {
    impl_->isLeaving = true;
    impl_->pump.post();
}

// --- gathering ---

Journal::Impl::Impl(const JournalSettings& journal, const store::JobArena& arena)
    : ThreadTask(journal.pool),
      settings(journal),
      keeper(journal, arena),
      pump(onPump, this),
      retry(onPump, this),
      flush(onFlushDue, this) {
    flush.keepWorker();
}

/// All of it or, without memory, nothing.
void Journal::Impl::append(std::string_view frames, JournalWaiter* waiter, JournalNeed need) {
    Entries fresh(1, Entry{waiter, need, frames.size()});
    gathering.frames.reserve(gathering.frames.size() + frames.size());
    if (waiter != nullptr) {
        waiting.emplace(waiter, &fresh.front());
    }
    gathering.frames.append(frames);
    gathering.entries.splice(gathering.entries.end(), fresh);
    pump.post();
}

void Journal::Impl::forget(JournalWaiter& waiter) noexcept {
    const auto [first, last] = waiting.equal_range(&waiter);
    for (auto it = first; it != last; ++it) {
        it->second->waiter = nullptr;
    }
    waiting.erase(first, last);
}

// --- what comes next ---

void Journal::Impl::onPump(void* self) noexcept {
    static_cast<Impl*>(self)->beginNext();
}

void Journal::Impl::onFlushDue(void* self) noexcept {
    auto* impl = static_cast<Impl*>(self);
    impl->isFlushDue = true;
    impl->beginNext();
}

void Journal::Impl::beginNext() {
    if (isUnderWay()) {
        return;
    }
    if (isClosed) {
        gathering.clearFrames();
        tell(std::exchange(gathering.entries, {}), false);
        return;
    }
    if (const auto next = nextDuty()) {
        beginDuty(*next);
    }
}

/// Groups first, but what is behind the scenes must not wait for ever.
std::optional<Duty> Journal::Impl::nextDuty() const {
    const bool mayWrite = hasGroup() && !retry.isSet();
    const bool mayKeep = isKeepDue && !isLeaving;
    if (isFlushDue) {
        return Duty::Flush;
    }
    if (mayKeep && (!mayWrite || monotonicNow() - keptAt >= kKeepPause)) {
        return Duty::Keep;
    }
    if (mayWrite) {
        return Duty::Group;
    }
    return isLeaving && !hasGroup() ? std::optional(Duty::Close) : std::nullopt;
}

void Journal::Impl::beginDuty(Duty next) {
    duty = next;
    if (next == Duty::Group && underWay.isEmpty()) {
        std::swap(underWay, gathering);
    }
    if (!ThreadTask::begin()) {
        pump.after(kFirstRetry);  // other users of the pool have filled its queue
    }
}

// --- in the thread ---

void Journal::Impl::work() noexcept {
    isWritten = false;
    try {
        perform();
    } catch (const std::exception&) {
        // No memory. A group is written again; everything else comes round anyway.
    }
}

void Journal::Impl::perform() {
    switch (duty) {
        case Duty::Group:
            isWritten = keeper.write(underWay.frames);
            return;
        case Duty::Flush:
            return keeper.flush();
        case Duty::Keep:
            return keeper.keep();
        case Duty::Close:
            return keeper.close();
    }
}

// --- on the loop again ---

void Journal::Impl::onDone() noexcept {
    isHealthy = keeper.isHealthy();
    logNotes();
    endDuty();
    beginNext();
}

void Journal::Impl::endDuty() {
    switch (duty) {
        case Duty::Group:
            return endGroup();
        case Duty::Flush:
            isFlushDue = false;
            return;
        case Duty::Keep:
            isKeepDue = keeper.hasMore();
            keptAt = monotonicNow();
            return;
        case Duty::Close:
            isClosed = true;
            flush.cancel();
            return;
    }
}

void Journal::Impl::endGroup() {
    if (!isWritten) {
        retry.after(retryAfter);
        retryAfter = std::min(2 * retryAfter, kLastRetry);
        return tell(underWay.takeFailed(), false);
    }
    EDGERUN_CRASH_POINT(journal_group_done);
    retryAfter = kFirstRetry;
    if (settings.sync == JournalSync::Interval && !flush.isSet()) {
        flush.after(kFlushAfter);
    }
    underWay.clearFrames();
    tell(std::exchange(underWay.entries, {}), true);
}

/// Who is told may append, and forget others.
void Journal::Impl::tell(Entries entries, bool isWrittenNow) {
    while (!entries.empty()) {
        JournalWaiter* waiter = entries.front().waiter;
        if (waiter != nullptr) {
            unlist(entries.front());
        }
        entries.pop_front();
        if (waiter != nullptr) {
            waiter->onJournaled(isWrittenNow);
        }
    }
}

void Journal::Impl::unlist(const Entry& entry) {
    const auto [first, last] = waiting.equal_range(entry.waiter);
    const auto it =
        std::find_if(first, last, [&](const auto& one) { return one.second == &entry; });
    waiting.erase(it);
}

void Journal::Impl::logNotes() {
    for (const auto& note : keeper.takeNotes()) {
        ngx_log_error(note.level, ngx_cycle->log, note.error, "edgerun: journal %s: %s",
                      settings.directory.c_str(), note.text.c_str());
    }
}

}  // namespace edgerun::engine
