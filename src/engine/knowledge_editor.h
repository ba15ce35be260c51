#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "edgerun/engine/knowledge_library.h"
#include "edgerun/loop/loop_event.h"
#include "edgerun/loop/thread_task.h"
#include "knowledge_shelf.h"

namespace edgerun::engine {

/// Writes one worker's edits of one knowledge base: all that have gathered meanwhile at once, each
/// applied to what the one before it made.
class KnowledgeEditor final : private loop::ThreadTask {
public:
    KnowledgeEditor(const KnowledgeSource& source, KnowledgeShelf& shelf);
    ~KnowledgeEditor() override;

    bool edit(KnowledgeEdit edit, EditListener& listener);
    void forget(EditListener& listener) noexcept;

private:
    struct Entry {
        KnowledgeEdit edit;
        EditListener* listener;  ///< null once it has gone; the loop's
        std::uint64_t until;     ///< by then it must have begun; monotonic ms
        Edited edited{};
    };
    using Entries = std::vector<Entry>;

    static void onPump(void* self) noexcept;
    void beginNext();
    static void refuseLate(Entries& entries) noexcept;
    void work() noexcept override;
    bool perform();
    bool refresh();
    bool write();
    bool fail(std::string text, int error);
    void onDone() noexcept override;
    void logFailure(bool isWritten);
    static void tell(const Entries& entries) noexcept;

    const KnowledgeSource& source_;
    KnowledgeShelf& shelf_;
    Entries queue_;
    Entries batch_;  ///< begun, or to be begun again; under way the thread's, but for listeners

    FileStamp begunFrom_;  ///< what was known before the batch

    // While it is under way, the thread's.
    KnowledgeVersion version_;
    bool isLocked_ = false;  ///< by another
    std::string failure_;    ///< or empty
    int error_ = 0;

    std::string loggedFailure_;
    loop::LoopEvent pump_;
};

}  // namespace edgerun::engine
