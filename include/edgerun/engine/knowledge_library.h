#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "edgerun/loop/thread_task.h"
#include "edgerun/text/knowledge_base.h"

namespace edgerun::engine {

/// Tells two versions of a file apart: a file that takes another's place has another inode.
struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t modified = 0;  ///< ns
    std::uint64_t size = 0;
    bool operator==(const FileStamp& other) const {
        return device == other.device && inode == other.inode && modified == other.modified &&
               size == other.size;
    }
};

/// One edgerun_knowledge_base, as its file was when the configuration was read.
struct KnowledgeSource {
    std::string name;
    std::string file;   ///< the operator's
    std::string state;  ///< takes its place once articles were changed; may be `file` itself
    ngx_thread_pool_t* pool = nullptr;
    std::shared_ptr<const text::KnowledgeBase> base;
    FileStamp stamp;
};

class KnowledgeListener {
public:
    /// Ask again.
    virtual void onKnowledge() noexcept = 0;

protected:
    ~KnowledgeListener() = default;
};

/// The knowledge bases of one worker. What one worker has changed, all others see with their next
/// request: each asks the file system for the file's stamp, and reads a new file in a thread.
class KnowledgeLibrary {
public:
    explicit KnowledgeLibrary(const std::vector<const KnowledgeSource*>& sources);
    ~KnowledgeLibrary();
    KnowledgeLibrary(const KnowledgeLibrary&) = delete;
    KnowledgeLibrary& operator=(const KnowledgeLibrary&) = delete;

    /// The newest. nullptr: it is being read, and the listener will be told, unless it says
    /// forget(). A file that cannot be read or is wrong (logged) leaves the last good one.
    std::shared_ptr<const text::KnowledgeBase> current(std::size_t source,
                                                       KnowledgeListener& listener);
    void forget(KnowledgeListener& listener) noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::engine
