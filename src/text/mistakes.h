#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace edgerun::text {

/// All that is wrong with a text, for its author, a line each; of very many the first.
class Mistakes {
public:
    static constexpr std::size_t kMost = 50;

    void add(std::string message) {
        if (++count_ <= kMost) {
            messages_.push_back(std::move(message));
        }
    }
    bool empty() const { return count_ == 0; }

    std::vector<std::string> take() {
        if (count_ > kMost) {
            messages_.push_back("and " + std::to_string(count_ - kMost) + " more mistakes, " +
                                std::to_string(count_) + " in all");
        }
        return std::move(messages_);
    }

private:
    std::vector<std::string> messages_;
    std::size_t count_ = 0;
};

/// As a message names it: in quotes, without control characters, at most 60 code points of it.
/// What is no UTF-8 is but "?".
std::string quoted(std::string_view text);

}  // namespace edgerun::text
