#include "name_table.h"

#include <unicode/utf8.h>

#include <algorithm>

#include "blanks.h"
#include "edgerun/text/case_fold.h"

namespace edgerun::text {
namespace {

/// What is compared.
struct Letter {
    char32_t value;    ///< one blank stands for several
    std::size_t size;  ///< bytes in the line
};

char32_t comparable(char32_t codePoint) {
    constexpr char32_t kHyphen = 0x2010;
    constexpr char32_t kUnbreakableHyphen = 0x2011;
    const bool isHyphen = codePoint == kHyphen || codePoint == kUnbreakableHyphen;
    return isHyphen ? U'-' : foldCase(codePoint);
}

Letter letterAt(std::string_view line, std::size_t at) {
    const std::size_t behindBlanks = skipBlanks(line, at);
    if (behindBlanks > at) {
        return {U' ', behindBlanks - at};
    }
    std::size_t end = at;
    UChar32 codePoint = 0;
    U8_NEXT_OR_FFFD(line.data(), end, line.size(), codePoint);
    return {comparable(static_cast<char32_t>(codePoint)), end - at};
}

std::u32string lettersOf(std::string_view name) {
    std::u32string letters;
    const std::string_view whole = withoutTail(name.substr(skipBlanks(name, 0)));
    for (std::size_t at = 0; at < whole.size();) {
        const Letter letter = letterAt(whole, at);
        letters += letter.value;
        at += letter.size;
    }
    return letters;
}

}  // namespace

void NameTable::add(std::string_view name, bool NameKinds::*kind) {
    Entry& entry = entries_.emplace_back();
    entry.name = lettersOf(name);
    entry.kinds.*kind = true;
}

void NameTable::finish() {
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.name < b.name; });
    std::vector<Entry> merged;
    for (Entry& entry : entries_) {
        if (merged.empty() || merged.back().name != entry.name) {
            merged.push_back(std::move(entry));
            continue;
        }
        NameKinds& kinds = merged.back().kinds;
        kinds.isHeading |= entry.kinds.isHeading;
        kinds.isLabel |= entry.kinds.isLabel;
        kinds.isBlock |= entry.kinds.isBlock;
    }
    entries_ = std::move(merged);
}

std::vector<NameEnd> NameTable::namesAt(std::string_view line, std::size_t from) const {
    std::vector<NameEnd> found;
    Range range{0, entries_.size()};
    for (std::size_t at = from; at < line.size();) {
        const Letter letter = letterAt(line, at);
        if (!narrow(range, letter.value)) {
            break;
        }
        at += letter.size;
        const Entry& first = entries_[range.first];
        if (first.name.size() == range.depth) {
            found.push_back({at, first.kinds});
        }
    }
    return found;
}

/// A name that ends before this letter sorts before all that go on.
bool NameTable::narrow(Range& range, char32_t letter) const {
    const auto isBefore = [depth = range.depth](const Entry& entry, char32_t wanted) {
        return entry.name.size() <= depth || entry.name[depth] < wanted;
    };
    const auto isBehind = [depth = range.depth](char32_t wanted, const Entry& entry) {
        return entry.name.size() > depth && wanted < entry.name[depth];
    };
    const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(range.first);
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(range.last);
    const auto first = std::lower_bound(begin, end, letter, isBefore);
    const auto last = std::upper_bound(first, end, letter, isBehind);
    range = {static_cast<std::size_t>(first - entries_.begin()),
             static_cast<std::size_t>(last - entries_.begin()), range.depth + 1};
    return first != last;
}

}  // namespace edgerun::text
