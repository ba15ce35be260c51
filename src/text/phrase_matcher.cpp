#include "edgerun/text/phrase_matcher.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <utility>

#include "edgerun/text/case_fold.h"
#include "phrase_automaton.h"

namespace edgerun::text {
namespace {

std::vector<std::string> folded(const std::vector<std::string>& phrases) {
    std::vector<std::string> all;
    all.reserve(phrases.size());
    for (const std::string& phrase : phrases) {
        all.push_back(foldCase(phrase));
    }
    return all;
}

/// What was found, by the folded text: where its beginning stands in the given one is known later.
struct Hit {
    std::uint32_t phrase;
    std::size_t foldedAt;
    std::size_t end;
};

/// Behind this place of the folded text, the given one is so many bytes ahead, or (modulo) behind.
struct Shift {
    std::size_t foldedAt;
    std::size_t ahead;
};

/// One reading of a text.
class Reading {
public:
    Reading(const PhraseAutomaton& automaton, std::string_view text)
        : automaton_(automaton), text_(text), isReported_(automaton.endings()) {}

    void read() {
        while (at_ < text_.size()) {
            const auto byte = static_cast<std::uint8_t>(text_[at_]);
            if (byte < 0x80) {
                ++at_;
                feed(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
            } else {
                readSequence();
            }
            report();
        }
    }

    std::vector<Hit>& hits() { return hits_; }
    const std::vector<Shift>& shifts() const { return shifts_; }

private:
    void feed(std::uint8_t byte) {
        node_ = automaton_.next(node_, byte);
        ++foldedAt_;
    }

    /// One code point. What is no UTF-8 counts as U+FFFD.
    void readSequence() {
        UChar32 codePoint = 0;
        U8_NEXT_OR_FFFD(text_.data(), at_, text_.size(), codePoint);
        std::array<std::uint8_t, U8_MAX_LENGTH> bytes;
        std::size_t size = 0;
        const auto folded = static_cast<std::uint32_t>(foldCase(static_cast<char32_t>(codePoint)));
        U8_APPEND_UNSAFE(bytes, size, folded);
        for (std::size_t i = 0; i < size; ++i) {
            feed(bytes[i]);
        }
        if (at_ - foldedAt_ != ahead_) {
            ahead_ = at_ - foldedAt_;
            shifts_.push_back({foldedAt_, ahead_});
        }
    }

    /// Texts that end here and were met before have been reported with all shorter ones.
    void report() {
        for (std::uint32_t number = automaton_.endingAt(node_);
             number != PhraseAutomaton::kNone && !isReported_[number];
             number = automaton_.ending(number).next) {
            isReported_[number] = true;
            const PhraseAutomaton::Ending& ending = automaton_.ending(number);
            for (std::uint32_t i = ending.firstPhrase; i < ending.endPhrase; ++i) {
                hits_.push_back({automaton_.phrases()[i], foldedAt_ - ending.size, at_});
            }
        }
    }

    const PhraseAutomaton& automaton_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t foldedAt_ = 0;
    std::size_t ahead_ = 0;
    PhraseAutomaton::Node node_ = PhraseAutomaton::kRoot;
    std::vector<bool> isReported_;
    std::vector<Hit> hits_;
    std::vector<Shift> shifts_;
};

/// Stable; byte by byte, from the lowest, so in linear time.
template <class Key>
void sortBy(std::vector<Hit>& hits, Key keyOf) {
    std::size_t greatest = 0;
    for (const Hit& hit : hits) {
        greatest = std::max<std::size_t>(greatest, keyOf(hit));
    }
    std::vector<Hit> sorted(hits.size());
    for (unsigned shift = 0; greatest >> shift != 0; shift += 8) {
        std::array<std::size_t, 257> begin{};
        const auto digit = [&](const Hit& hit) { return (keyOf(hit) >> shift) & 0xFF; };
        for (const Hit& hit : hits) {
            ++begin[digit(hit) + 1];
        }
        for (std::size_t i = 1; i < begin.size(); ++i) {
            begin[i] += begin[i - 1];
        }
        for (const Hit& hit : hits) {
            sorted[begin[digit(hit)]++] = hit;
        }
        hits.swap(sorted);
    }
}

/// In the order of their beginnings the hits meet the shifts one after the other.
std::vector<PhraseMatch> placed(const std::vector<Hit>& hits, const std::vector<Shift>& shifts) {
    std::vector<PhraseMatch> matches;
    matches.reserve(hits.size());
    auto shift = shifts.begin();
    std::size_t ahead = 0;
    for (const Hit& hit : hits) {
        for (; shift != shifts.end() && shift->foldedAt <= hit.foldedAt; ++shift) {
            ahead = shift->ahead;
        }
        const std::size_t at = hit.foldedAt + ahead;
        matches.push_back({hit.phrase, at, hit.end - at});
    }
    return matches;
}

}  // namespace

struct PhraseMatcher::Impl {
    PhraseAutomaton automaton;
};

PhraseMatcher::PhraseMatcher(const std::vector<std::string>& phrases)
    : impl_(std::make_unique<Impl>(Impl{PhraseAutomaton(folded(phrases))})) {}

PhraseMatcher::~PhraseMatcher() = default;
PhraseMatcher::PhraseMatcher(PhraseMatcher&&) noexcept = default;
PhraseMatcher& PhraseMatcher::operator=(PhraseMatcher&&) noexcept = default;

std::vector<PhraseMatch> PhraseMatcher::find(std::string_view text) const {
    Reading reading(impl_->automaton, text);
    reading.read();
    std::vector<Hit>& hits = reading.hits();
    sortBy(hits, [](const Hit& hit) { return hit.phrase; });
    sortBy(hits, [](const Hit& hit) { return hit.foldedAt; });
    return placed(hits, reading.shifts());
}

}  // namespace edgerun::text
