#include "edgerun/engine/knowledge_edit.h"

#include <variant>

#include "edgerun/auth/sha256.h"
#include "edgerun/text/ascii.h"
#include "edgerun/text/hex.h"

namespace edgerun::engine {

namespace {

using text::KnowledgeBase;

enum class Comparison { Strong, Weak };

/// The next entity tag of a list; leaves what follows. nullopt at its end, and where it is none.
struct EntityTag {
    bool isWeak = false;
    std::string_view text;  ///< with its quotes
};

std::optional<EntityTag> nextTag(std::string_view& list) {
    const auto first = list.find_first_not_of(" \t,");
    if (first == std::string_view::npos) {
        return std::nullopt;
    }
    list.remove_prefix(first);
    EntityTag tag;
    tag.isWeak = list.substr(0, 2) == "W/";
    list.remove_prefix(tag.isWeak ? 2 : 0);
    const auto end = list.find('"', 1);
    if (list.empty() || list.front() != '"' || end == std::string_view::npos) {
        return std::nullopt;
    }
    tag.text = list.substr(0, end + 1);
    list.remove_prefix(end + 1);
    return tag;
}

bool isAny(std::string_view list) {
    return text::trimmed(list, " \t") == "*";
}

/// RFC 9110 section 8.8.3.2. `tag` is a strong one.
bool isListed(std::string_view list, std::string_view tag, Comparison comparison) {
    if (isAny(list)) {
        return true;
    }
    while (const auto listed = nextTag(list)) {
        const bool counts = comparison == Comparison::Weak || !listed->isWeak;
        if (counts && listed->text == tag) {
            return true;
        }
    }
    return false;
}

std::optional<std::string> tagOf(const KnowledgeBase& base, std::string_view id) {
    const auto index = base.find(id);
    return index ? std::optional(tagOfArticle(text::dumpArticle(base, *index))) : std::nullopt;
}

/// RFC 9110 section 13.2.1: conditions do not count where there would be no success without them.
std::optional<EditOutcome> refusalOf(const KnowledgeEdit& edit, const KnowledgeBase& base) {
    const auto tag = tagOf(base, edit.id);
    if (edit.kind == KnowledgeEdit::Kind::Create) {
        return tag ? std::optional(EditOutcome::Exists) : std::nullopt;
    }
    if (edit.kind == KnowledgeEdit::Kind::Remove && !tag) {
        return EditOutcome::Unknown;
    }
    const bool isMatched =
        !edit.ifMatch || (tag && isListed(*edit.ifMatch, *tag, Comparison::Strong));
    const bool isExcluded =
        edit.ifNoneMatch && tag && isListed(*edit.ifNoneMatch, *tag, Comparison::Weak);
    return isMatched && !isExcluded ? std::nullopt : std::optional(EditOutcome::Mismatch);
}

Edited put(const KnowledgeEdit& edit, std::shared_ptr<const KnowledgeBase>& base) {
    const bool isThere = base->find(edit.id).has_value();
    auto changed = base->with(edit.draft.article, edit.draft.keywords);
    if (auto* faults = std::get_if<std::vector<std::string>>(&changed)) {
        return {EditOutcome::Invalid, std::move(*faults), {}};
    }
    base = std::move(std::get<std::shared_ptr<const KnowledgeBase>>(changed));
    return {isThere ? EditOutcome::Replaced : EditOutcome::Created,
            {},
            text::dumpArticle(*base, base->find(edit.id).value())};
}

}  // namespace

std::string tagOfArticle(std::string_view article) {
    return '"' + text::encodeHex(auth::digestOf(article)) + '"';
}

Edited applyEdit(const KnowledgeEdit& edit, std::shared_ptr<const KnowledgeBase>& base) {
    if (const auto refusal = refusalOf(edit, *base)) {
        return {*refusal, {}, {}};
    }
    if (edit.kind != KnowledgeEdit::Kind::Remove) {
        return put(edit, base);
    }
    base = base->without(edit.id);
    return {EditOutcome::Removed, {}, {}};
}

}  // namespace edgerun::engine
