#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgerun::text {

/// Where a phrase stands first in a text.
struct PhraseMatch {
    std::uint32_t phrase = 0;  ///< its index
    std::size_t at = 0;        ///< byte in the text, as it was given
    std::size_t size = 0;      ///< bytes there
};

/// Finds which of many phrases occur in a text, anywhere, without regard to case (foldCase()): an
/// automaton, one pass for all of them. Time is linear in the text plus the number of phrases,
/// whatever they are; nothing is changed by find(), so threads may share it.
class PhraseMatcher {
public:
    /// Phrases are valid UTF-8 and not empty; equal ones (folded) all match.
    explicit PhraseMatcher(const std::vector<std::string>& phrases);
    ~PhraseMatcher();
    PhraseMatcher(PhraseMatcher&&) noexcept;
    PhraseMatcher& operator=(PhraseMatcher&&) noexcept;

    /// Each phrase that occurs, once, by the place of its first occurrence; phrases that begin at
    /// the same place in the order of their indices. `text` is valid UTF-8.
    std::vector<PhraseMatch> find(std::string_view text) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::text
