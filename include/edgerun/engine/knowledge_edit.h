#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/text/knowledge_base.h"

namespace edgerun::engine {

/// What a client wants to be done with one article. The conditions are values of its headers
/// (RFC 9110 section 13.1); nullopt without such a header.
struct KnowledgeEdit {
    enum class Kind {
        Create,  ///< takes no conditions: what they would be about is not there
        Put,
        Remove,
    };
    Kind kind = Kind::Put;
    std::string id;
    text::ArticleDraft draft{};  ///< of Create and Put; its article's id is `id`
    std::optional<std::string> ifMatch{};
    std::optional<std::string> ifNoneMatch{};
};

enum class EditOutcome {
    Created,
    Replaced,
    Removed,
    Unknown,     ///< there is no such article to remove
    Exists,      ///< there is one of that id already
    Mismatch,    ///< a condition does not hold
    Invalid,     ///< Edited::faults
    Unwritable,  ///< logged
    Unflushed,   ///< logged. Done, and everybody sees it, but a power cut may undo it.
    Busy,        ///< other processes, or other edits, held it up too long
};

struct Edited {
    EditOutcome outcome = EditOutcome::Unwritable;
    std::vector<std::string> faults{};
    std::string article{};  ///< as clients see it; of Created and Replaced
};

/// The strong ETag, with its quotes, of an article as dumpArticle() gives it.
std::string tagOfArticle(std::string_view article);

/// Does it hold in that base? `base` becomes the one with the change where there is one.
Edited applyEdit(const KnowledgeEdit& edit, std::shared_ptr<const text::KnowledgeBase>& base);

}  // namespace edgerun::engine
