#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "edgerun/engine/knowledge_edit.h"
#include "edgerun/engine/knowledge_file.h"
#include "edgerun/text/knowledge_base.h"

namespace edgerun::engine {

class KnowledgeListener {
public:
    /// Ask again, but not from within this call.
    virtual void onKnowledge() noexcept = 0;

protected:
    ~KnowledgeListener() = default;
};

class EditListener {
public:
    /// Told once what became of its edit. Nothing may be begun from here.
    virtual void onEdited(const Edited& edited) noexcept = 0;

protected:
    ~EditListener() = default;
};

/// The knowledge bases of one worker. What one worker has changed, all others see with their next
/// request: each asks the file system for the file's stamp, and reads a new file in a thread.
class KnowledgeLibrary {
public:
    explicit KnowledgeLibrary(const std::vector<const KnowledgeSource*>& sources);
    /// Tells all who wait.
    ~KnowledgeLibrary();
    KnowledgeLibrary(const KnowledgeLibrary&) = delete;
    KnowledgeLibrary& operator=(const KnowledgeLibrary&) = delete;

    /// The newest, as of this call or, for a listener that was told, of its first one. nullptr: it
    /// is being read, and the listener will be told, unless it says forget(). A file that cannot be
    /// read or is wrong (logged) leaves the last good one.
    std::shared_ptr<const text::KnowledgeBase> current(std::size_t source,
                                                       KnowledgeListener& listener);
    void forget(KnowledgeListener& listener) noexcept;

    /// Changes the newest and writes it, under a lock that all processes have in common. Edits are
    /// done in their order. False if too many wait: nothing was begun. Else the listener will be
    /// told, not from within this call; without it, after forget(), the edit is done all the same.
    bool edit(std::size_t source, KnowledgeEdit edit, EditListener& listener);
    void forget(EditListener& listener) noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::engine
