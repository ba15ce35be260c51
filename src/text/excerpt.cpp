#include "excerpt.h"

#include "edgerun/text/ascii.h"
#include "edgerun/text/utf8.h"

namespace edgerun::text {
namespace {

constexpr std::size_t kBefore = 60;   // code points
constexpr std::size_t kMost = 200;    // code points
constexpr std::size_t kLooked = 400;  // code points: of text full of blanks the excerpt is shorter
constexpr std::size_t kWord = 30;     // bytes: what is cut off for the sake of a whole word

bool isBlank(char c) {
    return kWhiteSpace.find(c) != std::string_view::npos;
}

bool isContinuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::size_t codePointsBefore(std::string_view text, std::size_t at, std::size_t count) {
    while (at > 0 && count > 0) {
        count -= isContinuation(text[--at]) ? 0 : 1;
    }
    return at;
}

/// The beginning of the first whole word behind `begin`, if it stands before `at`.
std::size_t wordBegin(std::string_view text, std::size_t begin, std::size_t at) {
    if (begin == 0 || isBlank(text[begin - 1])) {
        return begin;
    }
    const std::size_t blank = text.find_first_of(kWhiteSpace, begin);
    return blank < at && blank - begin < kWord ? blank : begin;
}

/// In one line; each run of blanks becomes one.
std::string joined(std::string_view text) {
    std::string line;
    for (const char c : text) {
        if (!isBlank(c)) {
            line += c;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    while (!line.empty() && line.back() == ' ') {
        line.pop_back();
    }
    return line;
}

void cutAtWord(std::string& line) {
    line.resize(cutAtCodePoints(line, kMost).size());
    const std::size_t blank = line.rfind(' ');
    if (blank != std::string::npos && line.size() - blank <= kWord) {
        line.resize(blank);
    }
}

}  // namespace

std::string excerptAt(std::string_view text, std::size_t at) {
    const std::size_t begin = wordBegin(text, codePointsBefore(text, at, kBefore), at);
    const std::string_view looked = cutAtCodePoints(text.substr(begin), kLooked);
    std::string line = joined(looked);
    bool goesOn = !trimmed(text.substr(begin + looked.size()), kWhiteSpace).empty();
    if (countCodePoints(line) > kMost) {
        cutAtWord(line);
        goesOn = true;
    }
    const bool isCutBefore = !trimmed(text.substr(0, begin), kWhiteSpace).empty();
    return (isCutBefore ? "..." : "") + line + (goesOn ? "..." : "");
}

}  // namespace edgerun::text
