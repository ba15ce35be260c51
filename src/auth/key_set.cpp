#include "edgerun/auth/key_set.h"

#include <algorithm>

#include "edgerun/auth/jwk.h"
#include "edgerun/text/ascii.h"
#include "edgerun/text/json.h"
#include "edgerun/text/utf8.h"
#include "pem.h"

namespace edgerun::auth {
namespace {

constexpr text::JsonLimits kKeySetLimits{kMaxKeySetBytes, 32};

/// One key of a file or an answer, and how messages call it.
struct Entry {
    std::string place;
    std::variant<VerificationKeyPtr, UnusableKey> key;
};
using Entries = std::vector<Entry>;

std::variant<Entries, std::string> entriesOfFile(std::string_view bytes);
std::variant<Entries, std::string> entriesOfJson(std::string_view bytes, bool acceptsOneKey);
KeySetFaults collectStrictly(Entries entries, KeySet& set);
void collectUsable(Entries entries, KeySet& set);

}  // namespace

std::variant<KeySet, KeySetFaults> readKeyFile(std::string_view bytes) {
    auto entries = entriesOfFile(bytes);
    if (auto* fault = std::get_if<std::string>(&entries)) {
        return KeySetFaults{std::move(*fault)};
    }
    KeySet set;
    KeySetFaults faults = collectStrictly(std::get<Entries>(std::move(entries)), set);
    if (!faults.empty()) {
        return faults;
    }
    return set;
}

std::variant<KeySet, std::string> readKeySet(std::string_view bytes) {
    auto entries = entriesOfJson(bytes, false);
    if (auto* fault = std::get_if<std::string>(&entries)) {
        return std::move(*fault);
    }
    KeySet set;
    collectUsable(std::get<Entries>(std::move(entries)), set);
    if (set.keys.empty()) {
        return "holds no key that verifies signatures" +
               (set.skipped.empty() ? std::string() : "; " + set.skipped.front());
    }
    return set;
}

namespace {

constexpr const char* kTooLarge = "is larger than 256 KiB";

Entries entriesOfPem(std::string_view bytes) {
    Entries entries;
    for (auto& key : readPem(bytes, kMaxKeys + 1)) {
        entries.push_back({"block " + std::to_string(entries.size() + 1), std::move(key)});
    }
    return entries;
}

/// JSON first: a PEM block may stand in it as text.
std::variant<Entries, std::string> entriesOfFile(std::string_view bytes) {
    if (bytes.size() > kMaxKeySetBytes) {
        return kTooLarge;
    }
    const std::size_t first = bytes.find_first_not_of(text::kWhiteSpace);
    if (first != std::string_view::npos && bytes[first] == '{') {
        return entriesOfJson(bytes, true);
    }
    if (bytes.find("-----BEGIN ") != std::string_view::npos) {
        return entriesOfPem(bytes);
    }
    return "is neither a JWK Set, nor a JWK, nor PEM (PUBLIC KEY, CERTIFICATE)";
}

std::string placeOf(const json_t* jwk, std::size_t index) {
    std::string place = "key " + std::to_string(index + 1);
    const auto keyId = text::stringMember(jwk, "kid");
    // JSON escapes C0 only; DEL and C1 would reach the log as they are.
    if (keyId && keyId->size() <= kMaxKeyIdBytes && !text::hasControlCharacter(*keyId)) {
        place += " (kid ";
        text::appendJsonString(place, *keyId);
        place += ")";
    }
    return place;
}

Entry entryOf(const json_t* jwk, std::size_t index) {
    auto key = readJwk(jwk);
    // RFC 7518 sections 6.2.2 and 6.3.2, RFC 8037 section 2: all private keys have d.
    const bool isPrivate = json_object_get(jwk, "d") != nullptr;
    if (isPrivate && std::holds_alternative<VerificationKeyPtr>(key)) {
        key = UnusableKey{"is a private key: whoever reads it can sign"};
    }
    return {placeOf(jwk, index), std::move(key)};
}

/// One more than kMaxKeys at most, for which there is a message.
std::variant<Entries, std::string> entriesOfJson(std::string_view bytes, bool acceptsOneKey) {
    if (bytes.size() > kMaxKeySetBytes) {
        return kTooLarge;
    }
    const text::JsonPtr json = text::parseJson(bytes, kKeySetLimits);
    if (!json) {
        return "is not valid JSON, or has a member twice, or is nested too deep";
    }
    const json_t* keys = json_object_get(json.get(), "keys");
    if (keys == nullptr && acceptsOneKey) {
        return Entries{entryOf(json.get(), 0)};
    }
    if (!json_is_array(keys)) {
        return "is not a JWK Set: it has no array \"keys\"";
    }
    Entries entries;
    for (std::size_t i = 0; i < std::min(json_array_size(keys), kMaxKeys + 1); ++i) {
        entries.push_back(entryOf(json_array_get(keys, i), i));
    }
    return entries;
}

/// Also keys that differ in what they allow: the operator can say what is meant.
bool hasKeyId(const VerificationKeys& keys, const std::string& keyId) {
    return !keyId.empty() && std::any_of(keys.begin(), keys.end(),
                                         [&](const auto& key) { return key->keyId() == keyId; });
}

bool isSecret(const VerificationKeyPtr& key) {
    return key->algorithms().meets(kSecretAlgorithms);
}

/// A client that knows the public keys must have no chance to pass one off as a secret.
bool isMixed(const VerificationKeys& keys) {
    const auto secrets = std::count_if(keys.begin(), keys.end(), isSecret);
    return secrets != 0 && secrets != static_cast<std::ptrdiff_t>(keys.size());
}

KeySetFaults collectStrictly(Entries entries, KeySet& set) {
    KeySetFaults faults;
    if (entries.size() > kMaxKeys) {
        entries.resize(kMaxKeys);
        faults.push_back("holds more than " + std::to_string(kMaxKeys) + " keys");
    }
    for (Entry& entry : entries) {
        if (const auto* unusable = std::get_if<UnusableKey>(&entry.key)) {
            (unusable->isForeign ? set.skipped : faults)
                .push_back(entry.place + " " + unusable->reason);
            continue;
        }
        auto& key = std::get<VerificationKeyPtr>(entry.key);
        if (hasKeyId(set.keys, key->keyId())) {
            faults.push_back(entry.place + " has the kid of a key before it");
        }
        set.keys.push_back(std::move(key));
    }
    if (isMixed(set.keys)) {
        faults.push_back("holds secrets (kty \"oct\") beside public keys; use a file for each");
    }
    if (set.keys.empty() && faults.empty()) {
        faults.push_back("holds no key that verifies signatures");
    }
    return faults;
}

/// Providers publish one kid for several algorithms; such keys cannot be taken for one
/// another.
bool isAmbiguous(const VerificationKeys& keys, const VerificationKey& key) {
    return !key.keyId().empty() && std::any_of(keys.begin(), keys.end(), [&](const auto& other) {
        return other->keyId() == key.keyId() && other->algorithms().meets(key.algorithms());
    });
}

/// Null if `key` may be used.
const char* remoteFault(const VerificationKeys& keys, const VerificationKeyPtr& key) {
    if (isSecret(key)) {
        return " is a secret, which nobody should publish";
    }
    return isAmbiguous(keys, *key) ? " has the kid of a key before it" : nullptr;
}

void collectUsable(Entries entries, KeySet& set) {
    if (entries.size() > kMaxKeys) {
        entries.resize(kMaxKeys);
        set.skipped.push_back("all keys after the first " + std::to_string(kMaxKeys));
    }
    for (Entry& entry : entries) {
        if (const auto* unusable = std::get_if<UnusableKey>(&entry.key)) {
            set.skipped.push_back(entry.place + " " + unusable->reason);
            continue;
        }
        auto& key = std::get<VerificationKeyPtr>(entry.key);
        if (const char* fault = remoteFault(set.keys, key)) {
            set.skipped.push_back(entry.place + fault);
        } else {
            set.keys.push_back(std::move(key));
        }
    }
}

}  // namespace
}  // namespace edgerun::auth
