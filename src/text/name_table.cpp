#include "name_table.h"

#include <algorithm>

#include "blanks.h"
#include "edgerun/text/case_fold.h"
#include "edgerun/text/utf8.h"

namespace edgerun::text {
namespace {

/// What is compared: one blank, or one code point.
struct Letter {
    std::string bytes;
    std::size_t size = 0;  ///< in the line
};

bool isHyphen(std::string_view codePoint) {
    return codePoint == "\u2010" || codePoint == "\u2011";
}

Letter letterAt(std::string_view line, std::size_t at) {
    const std::size_t behindBlanks = skipBlanks(line, at);
    if (behindBlanks > at) {
        return {" ", behindBlanks - at};
    }
    const std::string_view codePoint = cutAtCodePoints(line.substr(at, 4), 1);
    return {isHyphen(codePoint) ? "-" : foldCase(codePoint), codePoint.size()};
}

std::string comparable(std::string_view name) {
    std::string letters;
    const std::string_view whole = withoutTail(name.substr(skipBlanks(name, 0)));
    for (std::size_t at = 0; at < whole.size();) {
        const Letter letter = letterAt(whole, at);
        letters += letter.bytes;
        at += letter.size;
    }
    return letters;
}

}  // namespace

void NameTable::add(std::string_view name, bool NameKinds::*kind) {
    Entry& entry = entries_.emplace_back();
    entry.name = comparable(name);
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
        if (!narrow(range, letter.bytes)) {
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

bool NameTable::narrow(Range& range, std::string_view bytes) const {
    return std::all_of(bytes.begin(), bytes.end(), [&](char byte) { return narrow(range, byte); });
}

/// A name that ends before this byte sorts before all that go on.
bool NameTable::narrow(Range& range, char byte) const {
    const auto byteOf = [depth = range.depth](const Entry& entry) {
        return entry.name.size() > depth ? static_cast<unsigned char>(entry.name[depth]) : -1;
    };
    const int wanted = static_cast<unsigned char>(byte);
    const auto begin = entries_.begin();
    const auto first =
        std::lower_bound(begin + range.first, begin + range.last, wanted,
                         [&](const Entry& entry, int value) { return byteOf(entry) < value; });
    const auto last =
        std::upper_bound(first, begin + range.last, wanted,
                         [&](int value, const Entry& entry) { return value < byteOf(entry); });
    range = {static_cast<std::size_t>(first - begin), static_cast<std::size_t>(last - begin),
             range.depth + 1};
    return range.first < range.last;
}

}  // namespace edgerun::text
