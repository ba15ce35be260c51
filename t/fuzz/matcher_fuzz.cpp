// Phrases against the naive search. The input: phrases, a line each, up to an empty line; then the
// text, which may be anything.

#include <algorithm>

#include "edgerun/text/case_fold.h"
#include "edgerun/text/phrase_matcher.h"
#include "property.h"

namespace edgerun::fuzz {
namespace {

/// The naive search takes its time.
constexpr std::size_t kMostPhrases = 40;

struct Input {
    std::vector<std::string> phrases;
    std::string_view text;
};

Input read(std::string_view bytes) {
    Input input;
    while (input.phrases.size() < kMostPhrases) {
        const std::string_view line = bytes.substr(0, bytes.find('\n'));
        bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
        if (line.empty()) {
            break;
        }
        if (text::isValidUtf8(line)) {
            input.phrases.emplace_back(line);
        }
    }
    input.text = bytes;
    return input;
}

bool isContinuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// Code points of valid UTF-8, folded one by one.
std::vector<std::string> foldedPoints(std::string_view text) {
    std::vector<std::string> points;
    for (std::size_t at = 0, end; at < text.size(); at = end) {
        for (end = at + 1; end < text.size() && isContinuation(text[end]); ++end) {
        }
        points.push_back(text::foldCase(text.substr(at, end - at)));
    }
    return points;
}

std::size_t bytesOf(std::string_view text, std::size_t points) {
    return text::cutAtCodePoints(text, points).size();
}

std::vector<text::PhraseMatch> foundNaively(const Input& input) {
    const std::vector<std::string> points = foldedPoints(input.text);
    std::vector<text::PhraseMatch> matches;
    for (std::uint32_t phrase = 0; phrase < input.phrases.size(); ++phrase) {
        const std::vector<std::string> wanted = foldedPoints(input.phrases[phrase]);
        const auto first = std::search(points.begin(), points.end(), wanted.begin(), wanted.end());
        if (first != points.end()) {
            const auto before = static_cast<std::size_t>(first - points.begin());
            const std::size_t at = bytesOf(input.text, before);
            matches.push_back({phrase, at, bytesOf(input.text.substr(at), wanted.size())});
        }
    }
    std::stable_sort(matches.begin(), matches.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    return matches;
}

void checkPlaces(const Input& input, const std::vector<text::PhraseMatch>& matches) {
    for (const text::PhraseMatch& match : matches) {
        must(match.phrase < input.phrases.size(), "a match is of a phrase");
        must(match.at < input.text.size() && match.size <= input.text.size() - match.at,
             "a match stands in the text");
    }
}

void checkAgainstNaive(const Input& input, const std::vector<text::PhraseMatch>& matches) {
    const std::vector<text::PhraseMatch> expected = foundNaively(input);
    must(matches.size() == expected.size(), "as many phrases as the naive search finds");
    for (std::size_t i = 0; i < matches.size(); ++i) {
        must(matches[i].phrase == expected[i].phrase && matches[i].at == expected[i].at &&
                 matches[i].size == expected[i].size,
             "each where the naive search finds it");
    }
}

}  // namespace
}  // namespace edgerun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgerun;
    const fuzz::Input input = fuzz::read(fuzz::textOf(data, size));
    const auto matches = text::PhraseMatcher(input.phrases).find(input.text);
    fuzz::checkPlaces(input, matches);
    if (text::isValidUtf8(input.text)) {
        fuzz::checkAgainstNaive(input, matches);
    }
    return 0;
}
