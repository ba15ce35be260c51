#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgerun::text {

/// The automaton of Aho and Corasick over bytes: a tree of all phrases, each of whose nodes knows
/// the longest end of itself that is a node too. Nodes are numbered level by level, so that the
/// children of one have consecutive numbers: 13 bytes for a node, whatever the phrases are.
/// https://doi.org/10.1145/360825.360855
class PhraseAutomaton {
public:
    using Node = std::uint32_t;
    static constexpr Node kRoot = 0;
    static constexpr std::uint32_t kNone = UINT32_MAX;

    /// A text that ends at a node; equal phrases share it.
    struct Ending {
        std::uint32_t firstPhrase;  ///< in phrases()
        std::uint32_t endPhrase;    ///< the one behind its last
        std::uint32_t size;         ///< bytes
        std::uint32_t next;         ///< that of the next shorter text that ends here; or kNone
    };

    /// None is empty; they have less than 4 GiB in all.
    explicit PhraseAutomaton(const std::vector<std::string>& phrases);

    /// On average over a text at most two nodes are looked at for a byte.
    Node next(Node node, std::uint8_t byte) const {
        while (node != kRoot) {
            const Node child = childOf(node, byte);
            if (child != kNone) {
                return child;
            }
            node = nodes_[node].fallback;
        }
        return fromRoot_[byte];
    }

    /// The longest of the phrases that end where a text has led to the node; or kNone.
    std::uint32_t endingAt(Node node) const { return nodes_[node].ending; }
    const Ending& ending(std::uint32_t number) const { return endings_[number]; }
    std::size_t endings() const { return endings_.size(); }
    /// Indices as they were given, those of equal phrases together.
    const std::vector<std::uint32_t>& phrases() const { return phrases_; }

private:
    struct State {
        Node firstChild;  ///< its children end where those of the next node begin
        Node fallback;
        std::uint32_t ending;
    };
    struct Branch {
        std::uint32_t begin, end;  ///< in phrases_
    };

    Node childOf(Node node, std::uint8_t byte) const;
    void grow(const std::vector<std::string>& texts);
    void addChildren(const std::vector<std::string>& texts, Branch branch, std::uint32_t depth,
                     std::vector<Branch>& children);
    void linkFallbacks();
    void link(Node child, Node fallback);

    std::vector<std::uint32_t> phrases_;
    std::vector<State> nodes_;          ///< and one more
    std::vector<std::uint8_t> labels_;  ///< the byte that leads to each node
    std::vector<Ending> endings_;
    std::array<Node, 256> fromRoot_{};
};

}  // namespace edgerun::text
