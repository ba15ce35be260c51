#include "line_cleaner.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "blanks.h"
#include "line_marks.h"

namespace edgerun::text {
namespace {

enum class LineKind { Text, Heading, Label, Block };

struct Reading {
    LineKind kind = LineKind::Text;
    std::size_t indent = 0;
    LabelEnd label;  ///< of a Label
};

/// Does a word end here? "Note on Risks" does not begin with "Note on Risk".
bool isWordEnd(std::string_view line, std::size_t at) {
    if (at >= line.size()) {
        return true;
    }
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(line.data());
    const auto codePointAt = [&](std::size_t place) {
        UChar32 codePoint = 0;
        U8_GET(bytes, 0, static_cast<std::int32_t>(place), static_cast<std::int32_t>(line.size()),
               codePoint);
        return codePoint;
    };
    return u_isalnum(codePointAt(at - 1)) == 0 || u_isalnum(codePointAt(at)) == 0;
}

/// What the rules make of a line that is no code. A block takes most, so it goes before the
/// others; of several labels the longest counts.
Reading readLine(std::string_view line, const NameTable& names) {
    const auto opener = readOpener(line);
    if (!opener) {
        return {};
    }
    Reading reading{LineKind::Text, opener->indent, {}};
    for (const NameEnd& name : names.namesAt(line, opener->end)) {
        if (name.kinds.isBlock && isWordEnd(line, name.at)) {
            return {LineKind::Block, opener->indent, {}};
        }
        if (name.kinds.isHeading && standsAlone(line, name.at, opener->emphasis)) {
            reading = {LineKind::Heading, opener->indent, {}};
        }
        if (!name.kinds.isLabel) {
            continue;
        }
        if (auto end = readLabelEnd(line, name.at, opener->emphasis)) {
            const bool hasRest = end->at < line.size();
            reading = {hasRest ? LineKind::Label : LineKind::Heading, opener->indent, *end};
        }
    }
    return reading;
}

class LineCleaner {
public:
    LineCleaner(std::string_view answer, const NameTable& names) : names_(names) {
        cleaned_.text.reserve(answer.size());
    }

    /// `end` is its line end, if it has one.
    void add(std::string_view line, std::string_view end);
    CleanedLines finish();

private:
    enum class Place { Text, Code, Block, UnderHeading };
    struct Line {
        std::string_view text;
        LineKind kind = LineKind::Text;
    };

    Line withoutLabels(std::string_view line);
    void addCode(std::string_view line, std::string_view end);
    void addText(const Line& line, std::string_view end);
    void addBlank(std::string_view end);
    void drop(Place next);
    void write(std::string_view line, std::string_view end);

    const NameTable& names_;
    CleanedLines cleaned_;
    Place place_ = Place::Text;
    Fence fence_;                ///< of Code
    std::string_view blankEnd_;  ///< of a blank line that is to be written before the next one
    std::string rest_;           ///< of the line whose label went
};

void LineCleaner::add(std::string_view line, std::string_view end) {
    if (place_ == Place::Code) {
        addCode(line, end);
        return;
    }
    if (cleaned_.text.empty()) {
        line.remove_prefix(skipBlanks(line, 0));  // trimmed now, so that it is read so
    }
    if (isBlank(line)) {
        addBlank(end);
        return;
    }
    const Line read = place_ == Place::Block ? Line{line} : withoutLabels(line);
    if (const auto fence = openedFence(read.text)) {
        fence_ = *fence;
        place_ = Place::Code;
        write(read.text, end);
    } else {
        addText(read, end);
    }
}

/// Labels may follow each other. What is left must be read as a line of its own would be: so what
/// belongs to it is written over the end of what goes, and nothing is copied twice.
LineCleaner::Line LineCleaner::withoutLabels(std::string_view line) {
    Reading reading = readLine(line, names_);
    if (reading.kind != LineKind::Label) {
        return {line, reading.kind};
    }
    cleaned_.hasLost = true;
    rest_.assign(line);
    std::string_view left = rest_;
    while (reading.kind == LineKind::Label) {
        const std::string kept = std::string(reading.indent, ' ') + reading.label.emphasis;
        left.remove_prefix(reading.label.at - kept.size());
        kept.copy(rest_.data() + (rest_.size() - left.size()), kept.size());
        reading = readLine(left, names_);
    }
    return {left, reading.kind};
}

void LineCleaner::addCode(std::string_view line, std::string_view end) {
    if (closes(line, fence_)) {
        place_ = Place::Text;
    }
    write(line, end);
}

void LineCleaner::addText(const Line& line, std::string_view end) {
    if (place_ == Place::Block || line.kind == LineKind::Block) {
        drop(Place::Block);
    } else if (line.kind == LineKind::Heading) {
        drop(Place::UnderHeading);
    } else if (place_ == Place::UnderHeading && isUnderline(line.text)) {
        drop(Place::Text);
    } else {
        place_ = Place::Text;
        write(line.text, end);
    }
}

void LineCleaner::addBlank(std::string_view end) {
    place_ = Place::Text;
    if (blankEnd_.empty()) {
        blankEnd_ = end;
    }
}

void LineCleaner::drop(Place next) {
    cleaned_.hasLost = true;
    place_ = next;
}

void LineCleaner::write(std::string_view line, std::string_view end) {
    if (!cleaned_.text.empty()) {
        cleaned_.text += blankEnd_;
    }
    blankEnd_ = {};
    cleaned_.text.append(line).append(end);
}

CleanedLines LineCleaner::finish() {
    cleaned_.text.resize(withoutTail(cleaned_.text).size());
    return std::move(cleaned_);
}

}  // namespace

CleanedLines cleanLines(std::string_view answer, const NameTable& names) {
    LineCleaner cleaner(answer, names);
    for (std::size_t at = 0; at < answer.size();) {
        const std::size_t feed = std::min(answer.find('\n', at), answer.size());
        const bool hasReturn = feed < answer.size() && feed > at && answer[feed - 1] == '\r';
        const std::size_t end = feed - (hasReturn ? 1 : 0);
        const std::size_t next = std::min(feed + 1, answer.size());
        cleaner.add(answer.substr(at, end - at), answer.substr(end, next - end));
        at = next;
    }
    return cleaner.finish();
}

}  // namespace edgerun::text
