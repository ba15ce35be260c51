#include "edgerun/engine/tool_cache.h"

namespace edgerun::engine {

namespace {

constexpr std::size_t kEntryBytes = 256;  // what an entry takes beside its texts, about

}  // namespace

std::optional<std::string> ToolCache::find(const std::string& key, std::uint64_t now) {
    const auto found = byKey_.find(key);
    if (found == byKey_.end()) {
        return std::nullopt;
    }
    const Entries::iterator entry = found->second;
    if (now >= entry->until) {
        remove(entry);
        return std::nullopt;
    }
    entries_.splice(entries_.begin(), entries_, entry);
    return entry->output;
}

void ToolCache::keep(const std::string& key, std::string_view output, std::uint64_t until) {
    const auto known = byKey_.find(key);
    if (known != byKey_.end()) {
        remove(known->second);
    }
    Entry fresh{key, std::string(output), until};
    const std::size_t needed = bytesOf(fresh);
    if (needed > maxBytes_) {
        return;
    }
    while (bytes_ + needed > maxBytes_) {
        remove(std::prev(entries_.end()));
    }
    entries_.push_front(std::move(fresh));
    byKey_.emplace(entries_.front().key, entries_.begin());
    bytes_ += needed;
}

std::size_t ToolCache::bytesOf(const Entry& entry) {
    return entry.key.size() + entry.output.size() + kEntryBytes;
}

void ToolCache::remove(Entries::iterator entry) {
    bytes_ -= bytesOf(*entry);
    byKey_.erase(entry->key);
    entries_.erase(entry);
}

}  // namespace edgerun::engine
