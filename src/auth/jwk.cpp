#include "edgerun/auth/jwk.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <optional>

#include "edgerun/auth/hmac_key.h"
#include "edgerun/text/base64url.h"
#include "edgerun/text/json.h"
#include "edgerun/text/utf8.h"
#include "public_key.h"

namespace edgerun::auth {
namespace {

using ReadKey = std::variant<VerificationKeyPtr, UnusableKey>;

/// What a JWK says of itself whatever its kty.
struct KeyTerms {
    std::string keyId;
    AlgorithmSet algorithms;  ///< one if it has "alg", else all
};

ReadKey readRsa(const json_t* jwk, KeyTerms terms);
ReadKey readEc(const json_t* jwk, KeyTerms terms);
ReadKey readOkp(const json_t* jwk, KeyTerms terms);
ReadKey readOct(const json_t* jwk, KeyTerms terms);

struct KeyType {
    std::string_view name;
    ReadKey (*read)(const json_t* jwk, KeyTerms terms);
};

constexpr KeyType kKeyTypes[] = {
    {"RSA", readRsa},
    {"EC", readEc},
    {"OKP", readOkp},
    {"oct", readOct},
};

std::optional<UnusableKey> purposeFault(const json_t* jwk);
std::variant<KeyTerms, UnusableKey> readTerms(const json_t* jwk);
std::string memberShown(const json_t* jwk, const char* name);

}  // namespace

ReadKey readJwk(const json_t* jwk) {
    if (!json_is_object(jwk)) {
        return UnusableKey{"is not a JSON object"};
    }
    if (auto fault = purposeFault(jwk)) {
        return std::move(*fault);
    }
    auto terms = readTerms(jwk);
    if (auto* fault = std::get_if<UnusableKey>(&terms)) {
        return std::move(*fault);
    }
    const auto type = text::stringMember(jwk, "kty").value_or("");
    for (const KeyType& known : kKeyTypes) {
        if (known.name == type) {
            return known.read(jwk, std::get<KeyTerms>(std::move(terms)));
        }
    }
    return UnusableKey{"has " + memberShown(jwk, "kty") + ", which is none of RSA, EC, OKP, oct"};
}

namespace {

/// For messages: the member as JSON, unless it is of another kind, long, or not fit for a log.
std::string memberShown(const json_t* jwk, const char* name) {
    constexpr std::size_t kMaxShown = 40;
    const auto value = text::stringMember(jwk, name);
    if (!value || value->size() > kMaxShown || text::hasControlCharacter(*value)) {
        return json_object_get(jwk, name) == nullptr ? std::string("no ") + name
                                                     : std::string("an unusable ") + name;
    }
    std::string shown = std::string(name) + " ";
    text::appendJsonString(shown, *value);
    return shown;
}

/// RFC 7517 sections 4.2 and 4.3. A key for encryption is no mistake of anybody's.
std::optional<UnusableKey> purposeFault(const json_t* jwk) {
    const json_t* use = json_object_get(jwk, "use");
    if (use != nullptr && text::stringOf(use) != "sig") {
        return UnusableKey{"is not for signatures (" + memberShown(jwk, "use") + ")",
                           json_is_string(use)};
    }
    const json_t* operations = json_object_get(jwk, "key_ops");
    if (operations == nullptr) {
        return std::nullopt;
    }
    if (!json_is_array(operations)) {
        return UnusableKey{"has key_ops that are no array"};
    }
    for (std::size_t i = 0; i < json_array_size(operations); ++i) {
        if (text::stringOf(json_array_get(operations, i)) == "verify") {
            return std::nullopt;
        }
    }
    return UnusableKey{"is not for verifying (key_ops)", true};
}

std::variant<KeyTerms, UnusableKey> readTerms(const json_t* jwk) {
    const json_t* keyId = json_object_get(jwk, "kid");
    if (keyId != nullptr &&
        (!json_is_string(keyId) || json_string_length(keyId) > kMaxKeyIdBytes)) {
        return UnusableKey{"has a kid that is not a string of at most 256 bytes"};
    }
    KeyTerms terms{std::string(text::stringOf(keyId)), AlgorithmSet::all()};
    if (json_object_get(jwk, "alg") != nullptr) {
        const auto algorithm = algorithmNamed(text::stringMember(jwk, "alg").value_or(""));
        if (!algorithm) {
            return UnusableKey{"has " + memberShown(jwk, "alg") +
                               ", which is no signature algorithm that is known here"};
        }
        terms.algorithms = {*algorithm};
    }
    return terms;
}

/// Nullopt unless strict base64url of at least one byte.
std::optional<std::string> bytesOf(const json_t* jwk, const char* name) {
    auto bytes = text::decodeBase64Url(text::stringMember(jwk, name).value_or(""));
    return bytes && !bytes->empty() ? std::move(bytes) : std::nullopt;
}

ReadKey readRsa(const json_t* jwk, KeyTerms terms) {
    const auto modulus = bytesOf(jwk, "n");
    const auto exponent = bytesOf(jwk, "e");
    if (!modulus || !exponent) {
        return UnusableKey{"lacks n and e in base64url"};
    }
    PublicKey key = makeRsaKey(*modulus, *exponent);
    if (!key) {
        return UnusableKey{"has an n or e that is above 8192 bits or not an RSA key's"};
    }
    return makePublicKey(std::move(key), std::move(terms.keyId), terms.algorithms);
}

ReadKey readEc(const json_t* jwk, KeyTerms terms) {
    const Curve* curve = primeCurveNamed(text::stringMember(jwk, "crv").value_or(""));
    if (curve == nullptr) {
        return UnusableKey{"has " + memberShown(jwk, "crv") +
                           ", which is none of P-256, P-384, P-521"};
    }
    const auto x = bytesOf(jwk, "x");
    const auto y = bytesOf(jwk, "y");
    if (!x || !y) {
        return UnusableKey{"lacks x and y in base64url"};
    }
    PublicKey key = makeEcKey(*curve, *x, *y);
    if (!key) {
        return UnusableKey{"is not a point of " + std::string(curve->name) +
                           " in coordinates of full size"};
    }
    return makePublicKey(std::move(key), std::move(terms.keyId), terms.algorithms);
}

ReadKey readOkp(const json_t* jwk, KeyTerms terms) {
    const Curve* curve = edwardsCurveNamed(text::stringMember(jwk, "crv").value_or(""));
    if (curve == nullptr) {
        return UnusableKey{"has " + memberShown(jwk, "crv") + ", which is none of Ed25519, Ed448"};
    }
    const auto x = bytesOf(jwk, "x");
    PublicKey key = x ? makeEdwardsKey(*curve, *x) : nullptr;
    if (!key) {
        return UnusableKey{"lacks an x of " + std::to_string(curve->bytes) + " bytes in base64url"};
    }
    return makePublicKey(std::move(key), std::move(terms.keyId), terms.algorithms);
}

ReadKey secretKeyOf(std::string_view secret, KeyTerms terms) {
    auto made = makeHmacKey(secret, std::move(terms.keyId), terms.algorithms);
    if (const auto* fault = std::get_if<const char*>(&made)) {
        return UnusableKey{std::string("has a k that is ") + *fault};
    }
    return std::get<VerificationKeyPtr>(std::move(made));
}

ReadKey readOct(const json_t* jwk, KeyTerms terms) {
    auto read = bytesOf(jwk, "k");
    if (!read) {
        return UnusableKey{"lacks a k in base64url"};
    }
    std::string& secret = *read;
    ReadKey key = secretKeyOf(secret, std::move(terms));
    OPENSSL_cleanse(secret.data(), secret.size());
    return key;
}

}  // namespace
}  // namespace edgerun::auth
