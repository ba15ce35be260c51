#include "edgerun/auth/token_cache.h"

#include <list>
#include <string>
#include <unordered_map>

#include "token_hash.h"

namespace edgerun::auth {
namespace {

struct Entry {
    std::uint32_t hash;
    std::uint64_t verifier;
    std::string token;
    std::shared_ptr<const Caller> caller;
};

/// What is looked for; in the index its token is the entry's own.
struct Key {
    std::uint32_t hash;
    std::uint64_t verifier;
    std::string_view token;

    bool operator==(const Key& other) const {
        return hash == other.hash && verifier == other.verifier && token == other.token;
    }
};

struct HashOfKey {
    std::size_t operator()(const Key& key) const noexcept { return key.hash; }
};

Key keyOf(const Entry& entry) {
    return {entry.hash, entry.verifier, entry.token};
}

}  // namespace

struct TokenCache::Impl {
    using Entries = std::list<Entry>;

    std::size_t capacity;
    TokenHash hash;
    Entries byLastUse;  ///< newest first
    std::unordered_map<Key, Entries::iterator, HashOfKey> index;

    void remove(Entries::iterator entry) {
        index.erase(keyOf(*entry));
        byLastUse.erase(entry);
    }

    void moveToFront(Entries::iterator entry) {
        byLastUse.splice(byLastUse.begin(), byLastUse, entry);
    }

    void add(Entry entry) {
        byLastUse.push_front(std::move(entry));
        index.emplace(keyOf(byLastUse.front()), byLastUse.begin());
        if (byLastUse.size() > capacity) {
            remove(std::prev(byLastUse.end()));
        }
    }
};

TokenCache::TokenCache(std::size_t entries) : impl_(new Impl{entries, {}, {}, {}}) {
    // Without a seed the hash protects from nothing: then nothing is kept.
    if (!impl_->hash.seed()) {
        impl_->capacity = 0;
    }
    impl_->index.reserve(impl_->capacity);
}

TokenCache::~TokenCache() = default;

std::shared_ptr<const Caller> TokenCache::find(std::uint64_t verifier, std::string_view token,
                                               double now) {
    if (token.size() > kMaxCachedTokenBytes) {
        return nullptr;
    }
    const auto found = impl_->index.find({impl_->hash(verifier, token), verifier, token});
    if (found == impl_->index.end()) {
        return nullptr;
    }
    const auto entry = found->second;
    if (!entry->caller->validity.holds(now)) {
        impl_->remove(entry);
        return nullptr;
    }
    impl_->moveToFront(entry);
    return entry->caller;
}

void TokenCache::insert(std::uint64_t verifier, std::string_view token,
                        std::shared_ptr<const Caller> caller) {
    if (token.size() > kMaxCachedTokenBytes || caller == nullptr || impl_->capacity == 0) {
        return;
    }
    const std::uint32_t hash = impl_->hash(verifier, token);
    const auto found = impl_->index.find({hash, verifier, token});
    if (found == impl_->index.end()) {
        impl_->add({hash, verifier, std::string(token), std::move(caller)});
        return;
    }
    found->second->caller = std::move(caller);
    impl_->moveToFront(found->second);
}

}  // namespace edgerun::auth
