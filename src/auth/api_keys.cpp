#include "edgerun/auth/api_keys.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <limits>

#include "edgerun/auth/sha256.h"
#include "edgerun/auth/user_directory.h"
#include "edgerun/text/hex.h"
#include "edgerun/text/json.h"
#include "edgerun/text/timestamp.h"
#include "list_entry.h"

namespace edgerun::auth {
namespace {

using Digest = Sha256;

std::optional<Digest> readDigest(ListEntry& entry);
std::shared_ptr<const Caller> readCaller(ListEntry& entry);

}  // namespace

std::variant<ApiKeys, FileFaults> ApiKeys::read(std::string_view text) {
    ApiKeys keys;
    UniqueValues digests("sha256");
    UniqueValues ids("id");
    FileFaults faults = readListFile(text, [&](ListEntry& entry) {
        refuseUnknownMembers(entry, {"sha256", "user", "id", "not_after"});
        const auto digest = readDigest(entry);
        const std::string id = readName(entry, "id");
        auto caller = readCaller(entry);
        if (digest) {
            digests.add(entry, {digest->begin(), digest->end()});
            keys.keys_.push_back({*digest, std::move(caller)});
        }
        if (!id.empty()) {
            ids.add(entry, id);
        }
    });
    if (!faults.empty()) {
        return faults;
    }
    std::sort(keys.keys_.begin(), keys.keys_.end(),
              [](const Key& a, const Key& b) { return a.digest < b.digest; });
    return keys;
}

std::shared_ptr<const Caller> ApiKeys::find(std::string_view key) const {
    if (key.empty() || key.size() > kMaxApiKeyBytes) {
        return nullptr;
    }
    const auto digest = sha256Of(key);
    if (!digest) {
        return nullptr;
    }
    const auto found = std::lower_bound(
        keys_.begin(), keys_.end(), *digest,
        [](const Key& candidate, const Digest& wanted) { return candidate.digest < wanted; });
    const bool matches = found != keys_.end() &&
                         CRYPTO_memcmp(found->digest.data(), digest->data(), digest->size()) == 0;
    return matches ? found->caller : nullptr;
}

void ApiKeys::applyDirectory(const UserDirectory& users) {
    for (Key& key : keys_) {
        if (key.caller != nullptr) {
            auto caller = std::make_shared<Caller>(*key.caller);
            users.apply(*caller);
            key.caller = std::move(caller);
        }
    }
}

namespace {

std::optional<Digest> readDigest(ListEntry& entry) {
    requireMember(entry, "sha256");
    const json_t* value = entry.member("sha256");
    const auto digest = text::decodeHex<Digest>(text::stringOf(value));
    if (value != nullptr && !digest) {
        entry.addFault("\"sha256\" must be 64 hex digits, the SHA-256 of the key");
    }
    return digest;
}

double readExpiry(ListEntry& entry) {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    const json_t* value = entry.member("not_after");
    if (value == nullptr) {
        return kNever;
    }
    const auto milliseconds = text::parseTimestamp(text::stringOf(value));
    if (!milliseconds) {
        entry.addFault(
            "\"not_after\" must be a date and time like \"2027-01-31T00:00:00Z\" (RFC 3339)");
        return 0;
    }
    return static_cast<double>(*milliseconds) / 1000;
}

/// Null for a disabled key.
std::shared_ptr<const Caller> readCaller(ListEntry& entry) {
    auto caller = std::make_shared<Caller>();
    requireMember(entry, "user");
    caller->identity.user = readName(entry, "user");
    caller->identity.owner = ownerKeyOf(caller->identity.user);
    Entitlements said = readEntitlements(entry);
    caller->identity.roles = std::move(said.roles).value_or(std::vector<std::string>());
    caller->identity.modules = std::move(said.modules).value_or(std::vector<std::string>());
    caller->identity.limit = said.limit;
    caller->validity.expires = readExpiry(entry);
    return said.isDisabled ? nullptr : caller;
}

}  // namespace
}  // namespace edgerun::auth
