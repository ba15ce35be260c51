#include "phrase_automaton.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace edgerun::text {

PhraseAutomaton::PhraseAutomaton(const std::vector<std::string>& phrases)
    : phrases_(phrases.size()) {
    std::iota(phrases_.begin(), phrases_.end(), 0U);
    std::sort(phrases_.begin(), phrases_.end(),
              [&](std::uint32_t a, std::uint32_t b) { return phrases[a] < phrases[b]; });
    grow(phrases);
    linkFallbacks();
}

/// In their order, phrases that begin alike stand together: the branch of each node is a range of
/// them, and a level of the tree comes from the one above.
void PhraseAutomaton::grow(const std::vector<std::string>& texts) {
    std::vector<Branch> level{{0, static_cast<std::uint32_t>(phrases_.size())}};
    labels_.push_back(0);
    for (std::uint32_t depth = 0; !level.empty(); ++depth) {
        std::vector<Branch> below;
        for (const Branch& branch : level) {
            addChildren(texts, branch, depth, below);
        }
        level = std::move(below);
    }
    nodes_.push_back({static_cast<Node>(labels_.size()), kRoot, kNone});
    nodes_.shrink_to_fit();
    labels_.shrink_to_fit();
}

void PhraseAutomaton::addChildren(const std::vector<std::string>& texts, Branch branch,
                                  std::uint32_t depth, std::vector<Branch>& children) {
    nodes_.push_back({static_cast<Node>(labels_.size()), kRoot, kNone});
    std::uint32_t at = branch.begin;
    while (at < branch.end && texts[phrases_[at]].size() == depth) {
        ++at;
    }
    if (at > branch.begin) {
        nodes_.back().ending = static_cast<std::uint32_t>(endings_.size());
        endings_.push_back({branch.begin, at, depth, kNone});
    }
    while (at < branch.end) {
        const Branch child{at, branch.end};
        const char byte = texts[phrases_[at]][depth];
        while (++at < branch.end && texts[phrases_[at]][depth] == byte) {
        }
        labels_.push_back(static_cast<std::uint8_t>(byte));
        children.push_back({child.begin, at});
    }
}

/// From above to below: where a node falls back to is less deep than the node.
void PhraseAutomaton::linkFallbacks() {
    for (Node child = nodes_[kRoot].firstChild; child < nodes_[kRoot + 1].firstChild; ++child) {
        fromRoot_[labels_[child]] = child;
    }
    for (Node node = kRoot + 1; node + 1 < nodes_.size(); ++node) {
        for (Node child = nodes_[node].firstChild; child < nodes_[node + 1].firstChild; ++child) {
            link(child, next(nodes_[node].fallback, labels_[child]));
        }
    }
}

void PhraseAutomaton::link(Node child, Node fallback) {
    State& state = nodes_[child];
    state.fallback = fallback;
    if (state.ending == kNone) {
        state.ending = nodes_[fallback].ending;
    } else {
        endings_[state.ending].next = nodes_[fallback].ending;
    }
}

PhraseAutomaton::Node PhraseAutomaton::childOf(Node node, std::uint8_t byte) const {
    const Node begin = nodes_[node].firstChild;
    const Node end = nodes_[node + 1].firstChild;
    if (end - begin == 1) {  // most nodes
        return labels_[begin] == byte ? begin : kNone;
    }
    const void* found = std::memchr(labels_.data() + begin, byte, end - begin);
    return found == nullptr
               ? kNone
               : static_cast<Node>(static_cast<const std::uint8_t*>(found) - labels_.data());
}

}  // namespace edgerun::text
