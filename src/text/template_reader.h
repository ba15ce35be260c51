#pragma once

#include <cstddef>
#include <string_view>

namespace edgerun::text {

enum class TagKind { Field, Section, Inverted, End, Comment };

/// One {{...}} of a template.
struct TemplateTag {
    TagKind kind;
    std::string_view name;    ///< without blanks around
    std::string_view before;  ///< text between the last tag and this one
    std::size_t line;         ///< where it begins, from 1
};

/// Takes a text apart, tag by tag. Lines that hold nothing but one tag that shows nothing (all but
/// fields) are not part of the text around it.
class TemplateReader {
public:
    explicit TemplateReader(std::string_view text) : rest_(text) {}

    enum class Next { Tag, End, Unclosed };
    /// At the end, and when the tag is not closed, `before` is what is left.
    Next next(TemplateTag& tag);

private:
    void takeLineAway(TemplateTag& tag);
    void skip(std::size_t bytes);

    std::string_view rest_;
    std::size_t line_ = 1;
    bool isAtLineBegin_ = true;
};

}  // namespace edgerun::text
