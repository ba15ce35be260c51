#include "knowledge_editor.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>
#include <variant>

#include "edgerun/engine/clocks.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::engine {

namespace {

constexpr std::size_t kMostWaiting = 64;
constexpr std::uint64_t kPatience = 10'000;  // ms, for the lock
constexpr std::uint64_t kTryAgain = 5;       // ms, and as many more at random
constexpr std::uint64_t kPoolFull = 100;     // ms

bool isChange(EditOutcome outcome) {
    return outcome == EditOutcome::Created || outcome == EditOutcome::Replaced ||
           outcome == EditOutcome::Removed || outcome == EditOutcome::Unflushed;
}

}  // namespace

KnowledgeEditor::KnowledgeEditor(const KnowledgeSource& source, KnowledgeShelf& shelf)
    : ThreadTask(source.pool), source_(source), shelf_(shelf), pump_(onPump, this) {
    pump_.keepWorker();
}

KnowledgeEditor::~KnowledgeEditor() {
    tell(batch_);
    tell(queue_);
}

// --- to gather ---

bool KnowledgeEditor::edit(KnowledgeEdit edit, EditListener& listener) {
    if (queue_.size() + batch_.size() >= kMostWaiting) {
        return false;
    }
    queue_.push_back({std::move(edit), &listener, monotonicNow() + kPatience});
    if (!isUnderWay() && !pump_.isSet()) {
        pump_.post();
    }
    return true;
}

void KnowledgeEditor::forget(EditListener& listener) noexcept {
    for (Entries* entries : {&queue_, &batch_}) {
        for (Entry& entry : *entries) {
            entry.listener = entry.listener == &listener ? nullptr : entry.listener;
        }
    }
}

void KnowledgeEditor::onPump(void* self) noexcept {
    auto* editor = static_cast<KnowledgeEditor*>(self);
    if (!editor->isUnderWay()) {
        editor->beginNext();
    }
}

/// A batch that could not begin before comes first.
void KnowledgeEditor::beginNext() {
    refuseLate(batch_);
    refuseLate(queue_);
    if (batch_.empty()) {
        batch_.swap(queue_);
    }
    if (batch_.empty()) {
        return;
    }
    version_ = shelf_.version();
    begunFrom_ = version_.stamp;
    if (!begin()) {
        pump_.after(kPoolFull);
    }
}

void KnowledgeEditor::refuseLate(Entries& entries) noexcept {
    // They stand in order of their times.
    auto first = entries.begin();
    for (; first != entries.end() && first->until <= monotonicNow(); ++first) {
        first->edited = {EditOutcome::Busy, {}, {}};
        if (first->listener != nullptr) {
            first->listener->onEdited(first->edited);
        }
    }
    entries.erase(entries.begin(), first);
}

// --- in the thread ---

void KnowledgeEditor::work() noexcept {
    isLocked_ = false;
    error_ = 0;
    failure_.clear();
    try {
        if (perform()) {
            return;
        }
    } catch (const std::exception&) {
        error_ = ENOMEM;
    }
    for (Entry& entry : batch_) {
        entry.edited.outcome = EditOutcome::Unwritable;
    }
}

bool KnowledgeEditor::perform() {
    const store::OpenFile lock = store::lockFile(source_.state);
    if (!lock) {
        isLocked_ = errno == EWOULDBLOCK;
        return fail("could not lock \"" + source_.state + ".lock\"", errno);
    }
    if (!refresh()) {
        return false;
    }
    const auto before = version_.base;
    for (Entry& entry : batch_) {
        entry.edited = applyEdit(entry.edit, version_.base);
    }
    return version_.base == before || write();
}

/// Nobody who holds the lock has left it half written: one that is wrong, or gone, is the
/// operator's work. What this worker knows may be older than what others have acknowledged.
bool KnowledgeEditor::refresh() {
    const auto stamp = newestStamp(source_);
    if (!stamp) {
        return fail("could not find \"" + source_.state + '"', errno);
    }
    if (*stamp == version_.stamp) {
        return true;
    }
    auto read = readKnowledge(source_);
    if (const auto* bad = std::get_if<BadKnowledge>(&read)) {
        return fail(bad->faults.front(), 0);
    }
    version_ = std::move(std::get<KnowledgeVersion>(read));
    return true;
}

bool KnowledgeEditor::write() {
    const auto written = store::replaceFile(source_.state, version_.base->dump());
    if (written.error != 0) {
        fail("could not " + std::string(written.what) + " \"" + source_.state + '"', written.error);
    }
    if (!written.isDone) {
        return false;
    }
    version_.stamp = written.stamp;
    for (Entry& entry : batch_) {
        const bool isUnflushed = written.error != 0 && isChange(entry.edited.outcome);
        entry.edited.outcome = isUnflushed ? EditOutcome::Unflushed : entry.edited.outcome;
    }
    EDGERUN_CRASH_POINT(knowledge_written);
    return true;
}

bool KnowledgeEditor::fail(std::string text, int error) {
    failure_ = std::move(text);
    error_ = error;
    return false;
}

// --- on the loop again ---

void KnowledgeEditor::onDone() noexcept {
    if (isLocked_) {
        // Rather than waiting in the thread: a process that never gives the lock back would keep
        // it.
        version_ = {};
        return pump_.after(kTryAgain + static_cast<std::uint64_t>(ngx_random()) % kTryAgain);
    }
    const bool isWritten = std::any_of(batch_.begin(), batch_.end(), [](const Entry& entry) {
        return isChange(entry.edited.outcome);
    });
    // What was read meanwhile may be newer than what was written, and somebody may wait for it.
    if (isWritten && shelf_.version().stamp == begunFrom_) {
        shelf_.adopt(std::move(version_));
    }
    version_ = {};
    logFailure(isWritten);
    tell(batch_);
    batch_.clear();
    if (!queue_.empty()) {
        pump_.post();
    }
}

void KnowledgeEditor::logFailure(bool isWritten) {
    const bool hasFailed = error_ != 0 || !failure_.empty();
    if (hasFailed && (failure_ != loggedFailure_ || failure_.empty())) {
        ngx_log_error(
            NGX_LOG_ERR, ngx_cycle->log, error_, "edgerun: the knowledge base \"%s\" %s: %s",
            source_.name.c_str(),
            isWritten ? "was changed, but a power cut may undo that" : "cannot be changed",
            failure_.c_str());
    } else if (!hasFailed && !loggedFailure_.empty()) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "edgerun: changes of the knowledge base \"%s\" are written again",
                      source_.name.c_str());
    }
    loggedFailure_.swap(failure_);
    failure_.clear();
}

void KnowledgeEditor::tell(const Entries& entries) noexcept {
    for (const Entry& entry : entries) {
        if (entry.listener != nullptr) {
            entry.listener->onEdited(entry.edited);
        }
    }
}

}  // namespace edgerun::engine
