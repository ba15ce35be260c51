#include "edgerun/run/run_glance.h"

#include <algorithm>

#include "edgerun/text/ascii.h"

namespace edgerun::run {
namespace {

/// Walks over the text of one JSON object. Every step says false, or empty,
/// where the text is not plain enough.
class Walker {
public:
    explicit Walker(std::string_view text) : text_(text) {}

    /// The next byte that is no white space, if it is `byte`.
    bool take(char byte) {
        skipSpace();
        if (at_ >= text_.size() || text_[at_] != byte) {
            return false;
        }
        ++at_;
        return true;
    }

    bool isAtEnd() {
        skipSpace();
        return at_ == text_.size();
    }

    /// A string without escapes.
    std::optional<std::string_view> takePlainString() {
        if (!take('"')) {
            return std::nullopt;
        }
        const std::size_t from = at_;
        if (!skipString()) {
            return std::nullopt;
        }
        const std::string_view quoted = text_.substr(from, at_ - 1 - from);
        const bool isPlain = quoted.find('\\') == std::string_view::npos;
        return isPlain ? std::optional(quoted) : std::nullopt;
    }

    /// Any value: up to the comma or bracket that ends it.
    bool skipValue() {
        std::size_t depth = 0;
        for (; at_ < text_.size(); ++at_) {
            switch (text_[at_]) {
                case '"':
                    ++at_;
                    if (!skipString()) {
                        return false;
                    }
                    --at_;
                    break;
                case '{':
                case '[':
                    ++depth;
                    break;
                case '}':
                case ']':
                    if (depth == 0) {
                        return true;
                    }
                    --depth;
                    break;
                case ',':
                    if (depth == 0) {
                        return true;
                    }
                    break;
                default:
                    break;
            }
        }
        return false;
    }

private:
    void skipSpace() {
        at_ = std::min(text_.find_first_not_of(text::kWhiteSpace, at_), text_.size());
    }

    /// From behind the opening quote to behind the closing one.
    bool skipString() {
        const std::size_t from = at_;
        for (at_ = text_.find('"', at_); at_ != std::string_view::npos;
             at_ = text_.find('"', at_ + 1)) {
            std::size_t run = at_;
            while (run > from && text_[run - 1] == '\\') {
                --run;
            }
            if ((at_ - run) % 2 == 0) {
                ++at_;
                return true;
            }
        }
        at_ = text_.size();
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string_view* fieldFor(RunGlance& glance, std::string_view name) {
    if (name == "id") {
        return &glance.id;
    }
    if (name == "thread_id") {
        return &glance.threadId;
    }
    return name == "status" ? &glance.status : nullptr;
}

/// One member, its value included; false if it is not plain, or comes twice.
bool takeMember(Walker& walker, RunGlance& glance) {
    const auto name = walker.takePlainString();
    if (!name || !walker.take(':')) {
        return false;
    }
    std::string_view* field = fieldFor(glance, *name);
    if (field == nullptr) {
        return walker.skipValue();
    }
    const bool isFirst = field->empty();
    *field = walker.takePlainString().value_or("");
    return isFirst && !field->empty();
}

}  // namespace

std::optional<RunGlance> glanceAtRun(std::string_view body) {
    Walker walker(body);
    RunGlance glance;
    if (!walker.take('{')) {
        return std::nullopt;
    }
    do {
        if (!takeMember(walker, glance)) {
            return std::nullopt;
        }
    } while (walker.take(','));
    const bool isWhole = walker.take('}') && walker.isAtEnd();
    return isWhole && !glance.id.empty() && !glance.status.empty() ? std::optional(glance)
                                                                   : std::nullopt;
}

}  // namespace edgerun::run
