#include "template_reader.h"

#include <algorithm>

#include "edgerun/text/ascii.h"

namespace edgerun::text {
namespace {

TagKind kindOf(std::string_view content) {
    constexpr struct {
        char mark;
        TagKind kind;
    } kKinds[] = {{'#', TagKind::Section},
                  {'^', TagKind::Inverted},
                  {'/', TagKind::End},
                  {'!', TagKind::Comment}};
    for (const auto& [mark, kind] : kKinds) {
        if (!content.empty() && content.front() == mark) {
            return kind;
        }
    }
    return TagKind::Field;
}

std::string_view withoutBlanksBehind(std::string_view text) {
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// Bytes up to the line's end, with it, if nothing but blanks stands there; or npos.
std::size_t blankRestOfLine(std::string_view text) {
    const std::size_t at = std::min(text.find_first_not_of(" \t"), text.size());
    const std::string_view end = text.substr(at);
    if (end.empty() || end[0] == '\n') {
        return at + std::min<std::size_t>(end.size(), 1);
    }
    return end.substr(0, 2) == "\r\n" ? at + 2 : std::string_view::npos;
}

}  // namespace

TemplateReader::Next TemplateReader::next(TemplateTag& tag) {
    const std::size_t open = rest_.find("{{");
    tag.before = rest_.substr(0, open);
    skip(tag.before.size());
    tag.line = line_;
    if (rest_.empty()) {
        return Next::End;
    }
    const std::size_t close = rest_.find("}}", 2);
    if (close == std::string_view::npos) {
        return Next::Unclosed;
    }
    tag.name = trimmed(rest_.substr(2, close - 2), kWhiteSpace);
    tag.kind = kindOf(tag.name);
    if (tag.kind != TagKind::Field) {
        tag.name = trimmed(tag.name.substr(1), kWhiteSpace);
    }
    skip(close + 2);
    takeLineAway(tag);
    return Next::Tag;
}

void TemplateReader::takeLineAway(TemplateTag& tag) {
    const std::string_view before = withoutBlanksBehind(tag.before);
    const bool beginsLine = before.empty() ? isAtLineBegin_ : before.back() == '\n';
    const std::size_t behind = blankRestOfLine(rest_);
    isAtLineBegin_ = tag.kind != TagKind::Field && beginsLine && behind != std::string_view::npos;
    if (isAtLineBegin_) {
        tag.before = before;
        skip(behind);
    }
}

void TemplateReader::skip(std::size_t bytes) {
    const std::string_view gone = rest_.substr(0, bytes);
    line_ += static_cast<std::size_t>(std::count(gone.begin(), gone.end(), '\n'));
    rest_.remove_prefix(bytes);
}

}  // namespace edgerun::text
