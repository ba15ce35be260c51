#include "line_marks.h"

#include <algorithm>
#include <iterator>

#include "blanks.h"

namespace edgerun::text {
namespace {

constexpr std::size_t kMostIndent = 3;  // CommonMark: four blanks make code
constexpr std::size_t kMostHashes = 6;
constexpr std::size_t kMostEmphasis = 6;
constexpr std::size_t kMostDigits = 3;
constexpr std::size_t kLeastFence = 3;
constexpr std::size_t kLeastUnderline = 3;

std::size_t lengthOfRun(std::string_view line, std::size_t at, char mark) {
    const std::size_t end = line.find_first_not_of(mark, at);
    return (end == std::string_view::npos ? line.size() : end) - at;
}

bool isDigit(char byte) {
    return byte >= '0' && byte <= '9';
}

/// Reads a line from left to right.
class Cursor {
public:
    explicit Cursor(std::string_view line, std::size_t at = 0) : line_(line), at_(at) {}

    std::size_t at() const { return at_; }
    bool isAtEnd() const { return at_ >= line_.size(); }
    char next() const { return isAtEnd() ? '\0' : line_[at_]; }
    bool isAtBlank() const { return blankAt(line_, at_) > 0; }
    void skipBlanks() { at_ = text::skipBlanks(line_, at_); }
    void skipRun(char mark) { at_ += lengthOfRun(line_, at_, mark); }
    void backTo(std::size_t at) { at_ = at; }

    bool take(std::string_view word) {
        const bool isThere = line_.compare(at_, word.size(), word) == 0;
        at_ += isThere ? word.size() : 0;
        return isThere;
    }

    std::size_t takeDigits() {
        const std::size_t begin = at_;
        while (isDigit(next()) && at_ - begin <= kMostDigits) {
            at_++;
        }
        return at_ - begin;
    }

    void openEmphasis(std::string& open) {
        for (; (next() == '*' || next() == '_') && open.size() < kMostEmphasis; at_++) {
            open += next();
        }
    }

    /// Marks are closed in the opposite order.
    void closeEmphasis(std::string& open) {
        for (; !open.empty() && next() == open.back(); at_++) {
            open.pop_back();
        }
    }

private:
    std::string_view line_;
    std::size_t at_;
};

/// "1.", "2)", "1.2", "1.2." and the blank behind it; else nothing is taken.
void takeNumber(Cursor& cursor) {
    const std::size_t begin = cursor.at();
    std::size_t digits = cursor.takeDigits();
    bool isNumber = false;
    while (digits > 0 && digits <= kMostDigits && cursor.take(".")) {
        isNumber = true;
        digits = cursor.takeDigits();
    }
    isNumber = (digits > 0 && cursor.take(")")) || isNumber;
    if (isNumber && digits <= kMostDigits && cursor.isAtBlank()) {
        cursor.skipBlanks();
    } else {
        cursor.backTo(begin);
    }
}

/// How a name is set off from what follows.
struct Separator {
    std::string_view text;
    bool joinsWords;  ///< so it is one only with a blank behind it
};

constexpr Separator kSeparators[] = {
    {":", false},      {"\uFF1A", false}, {"---", true},    {"--", true},
    {"-", true},       {"\u2010", true},  {"\u2011", true}, {"\u2013", true},
    {"\u2014", false}, {"\u2015", false}, {"\u2212", true},
};

const Separator* takeSeparator(Cursor& cursor) {
    for (const Separator& separator : kSeparators) {
        if (cursor.take(separator.text)) {
            return &separator;
        }
    }
    return nullptr;
}

void skipBlanksAndClose(Cursor& cursor, std::string& emphasis) {
    cursor.closeEmphasis(emphasis);
    cursor.skipBlanks();
    cursor.closeEmphasis(emphasis);
    cursor.skipBlanks();
}

}  // namespace

std::optional<Opener> readOpener(std::string_view line) {
    Opener opener;
    opener.indent = lengthOfRun(line, 0, ' ');
    Cursor cursor(line, opener.indent);
    if (opener.indent > kMostIndent || cursor.isAtBlank()) {
        return std::nullopt;
    }
    if (lengthOfRun(line, cursor.at(), '#') <= kMostHashes) {
        cursor.skipRun('#');
    }
    cursor.skipBlanks();
    cursor.openEmphasis(opener.emphasis);
    takeNumber(cursor);
    cursor.openEmphasis(opener.emphasis);
    opener.end = cursor.at();
    return opener;
}

bool standsAlone(std::string_view line, std::size_t at, std::string emphasis) {
    Cursor cursor(line, at);
    skipBlanksAndClose(cursor, emphasis);
    takeSeparator(cursor);
    skipBlanksAndClose(cursor, emphasis);
    cursor.skipRun('#');
    cursor.skipBlanks();
    return cursor.isAtEnd();
}

std::optional<LabelEnd> readLabelEnd(std::string_view line, std::size_t at, std::string emphasis) {
    Cursor cursor(line, at);
    skipBlanksAndClose(cursor, emphasis);
    const Separator* separator = takeSeparator(cursor);
    if (separator == nullptr) {
        return std::nullopt;
    }
    const std::size_t behind = cursor.at();
    cursor.closeEmphasis(emphasis);
    const bool isSetOff = cursor.at() > behind || cursor.isAtBlank() || cursor.isAtEnd();
    if (separator->joinsWords && !isSetOff) {
        return std::nullopt;
    }
    cursor.skipBlanks();
    return LabelEnd{cursor.at(), std::move(emphasis)};
}

bool endsWithSeparator(std::string_view name) {
    return std::any_of(std::begin(kSeparators), std::end(kSeparators), [&](const auto& separator) {
        const std::size_t size = separator.text.size();
        return name.size() >= size && name.substr(name.size() - size) == separator.text;
    });
}

std::optional<Fence> openedFence(std::string_view line) {
    // However far it is indented: it may belong to an item of a list.
    const std::size_t at = skipBlanks(line, 0);
    const char mark = at < line.size() ? line[at] : '\0';
    if (mark != '`' && mark != '~') {
        return std::nullopt;
    }
    const std::size_t length = lengthOfRun(line, at, mark);
    const bool isInline = mark == '`' && line.find(mark, at + length) != std::string_view::npos;
    if (length < kLeastFence || isInline) {
        return std::nullopt;
    }
    return Fence{mark, length};
}

bool closes(std::string_view line, const Fence& fence) {
    const std::size_t at = skipBlanks(line, 0);
    const std::size_t length = lengthOfRun(line, at, fence.mark);
    return length >= fence.length && isBlank(line.substr(at + length));
}

bool isUnderline(std::string_view line) {
    const std::size_t at = skipBlanks(line, 0);
    const char mark = at < line.size() ? line[at] : '\0';
    const std::size_t length = lengthOfRun(line, at, mark);
    return (mark == '=' || mark == '-') && length >= kLeastUnderline &&
           isBlank(line.substr(at + length));
}

}  // namespace edgerun::text
