#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "edgerun/engine/knowledge_library.h"
#include "edgerun/loop/thread_task.h"

namespace edgerun::engine {

/// Frees a base in a thread: a large one would hold up the loop.
class KnowledgeDiscard final : private loop::ThreadTask {
public:
    explicit KnowledgeDiscard(ngx_thread_pool_t* pool) : ThreadTask(pool) {}

    void take(std::shared_ptr<const text::KnowledgeBase> base);

private:
    void work() noexcept override { base_.reset(); }
    void onDone() noexcept override {}

    std::shared_ptr<const text::KnowledgeBase> base_;
};

/// The newest version of one knowledge base, and who waits for it.
class KnowledgeShelf final : private loop::ThreadTask {
public:
    explicit KnowledgeShelf(const KnowledgeSource& source);
    ~KnowledgeShelf() override;

    std::shared_ptr<const text::KnowledgeBase> current(KnowledgeListener& listener);
    void forget(KnowledgeListener& listener) noexcept;

    const KnowledgeVersion& version() const { return version_; }
    void adopt(KnowledgeVersion version);

private:
    using Listeners = std::vector<KnowledgeListener*>;

    bool isWaiting(const KnowledgeListener& listener) const;
    bool isKnownBad(const FileStamp& stamp) const;
    void noteGone(int error);
    bool await(KnowledgeListener& listener, const FileStamp& stamp);
    void work() noexcept override;
    void onDone() noexcept override;
    void take(std::variant<KnowledgeVersion, BadKnowledge> read);
    void takeBad(BadKnowledge bad);
    void readForLate();
    void tellWaiting() noexcept;

    const KnowledgeSource& source_;
    KnowledgeVersion version_;
    std::optional<BadKnowledge> bad_;  ///< the newest file, if it is
    std::uint64_t badUntil_ = 0;       ///< then one that could not be read is tried again
    bool isGone_ = false;

    FileStamp wanted_;   ///< what the reading under way is for
    Listeners waiting_;  ///< for it
    Listeners late_;     ///< they saw another stamp: it may have begun too early for them
    Listeners told_;     ///< and have not asked again yet
    std::variant<KnowledgeVersion, BadKnowledge> read_;  ///< while it is under way, the thread's
    KnowledgeDiscard discard_;
};

}  // namespace edgerun::engine
