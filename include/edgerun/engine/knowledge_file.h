#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "edgerun/loop/thread_task.h"
#include "edgerun/store/whole_file.h"
#include "edgerun/text/knowledge_base.h"

namespace edgerun::engine {

using store::FileStamp;

/// One edgerun_knowledge_base, as its file was when the configuration was read.
struct KnowledgeSource {
    std::string name;
    std::string file;   ///< the operator's
    std::string state;  ///< takes its place once articles were changed; may be `file` itself
    ngx_thread_pool_t* pool = nullptr;
    std::shared_ptr<const text::KnowledgeBase> base;
    FileStamp stamp;
};

/// A base, and what its file was.
struct KnowledgeVersion {
    std::shared_ptr<const text::KnowledgeBase> base;
    FileStamp stamp;
};

struct BadKnowledge {
    FileStamp stamp;                  ///< what was looked at
    bool isRead = false;              ///< and is wrong; else it could not be read
    std::vector<std::string> faults;  ///< a line each
};

/// Which of the two files counts now: the state once there is one.
const std::string& newestOf(const KnowledgeSource& source);
/// Its stamp: one system call, two while there is no state. nullopt if it cannot be told (errno).
std::optional<FileStamp> newestStamp(const KnowledgeSource& source);
/// Reads it; not for an event loop.
std::variant<KnowledgeVersion, BadKnowledge> readKnowledge(const KnowledgeSource& source);

}  // namespace edgerun::engine
