#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace edgerun::engine {

/// Outputs of function tools that answer equal calls of the same user for a while. One per
/// worker; bounded in bytes, what was used longest ago goes first.
class ToolCache {
public:
    explicit ToolCache(std::size_t maxBytes) : maxBytes_(maxBytes) {}

    /// `key` holds everything that makes two calls equal, the user included.
    std::optional<std::string> find(const std::string& key, std::uint64_t now);
    void keep(const std::string& key, std::string_view output, std::uint64_t until);

private:
    struct Entry {
        std::string key;
        std::string output;
        std::uint64_t until = 0;
    };
    using Entries = std::list<Entry>;

    static std::size_t bytesOf(const Entry& entry);
    void remove(Entries::iterator entry);

    std::size_t maxBytes_;
    std::size_t bytes_ = 0;
    Entries entries_;                                                ///< used last first
    std::unordered_map<std::string_view, Entries::iterator> byKey_;  // views into entries
};

}  // namespace edgerun::engine
