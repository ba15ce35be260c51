#include "edgerun/auth/hmac_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include <array>

#include "edgerun/auth/key_set.h"
#include "edgerun/text/json.h"
#include "public_key.h"

namespace edgerun::auth {
namespace {

struct HmacKind {
    Algorithm algorithm;
    const char* digest;
    std::size_t hashBytes;  ///< of the signature, and the least of the key
};

constexpr HmacKind kKinds[] = {
    {Algorithm::HS256, "SHA256", 32},
    {Algorithm::HS384, "SHA384", 48},
    {Algorithm::HS512, "SHA512", 64},
};

class HmacKey final : public VerificationKey {
public:
    using VerificationKey::VerificationKey;

    /// False if OpenSSL refuses; the key must not be used then.
    bool prepare(std::string_view secret);

    bool verify(Algorithm algorithm, std::string_view input,
                std::string_view signature) const override;

private:
    struct Keyed {
        HmacKind kind;
        Owned<EVP_MAC_CTX> context;
    };

    const Keyed* keyedFor(Algorithm algorithm) const;

    std::vector<Keyed> keyed_;
};

Owned<EVP_MAC_CTX> makeKeyedMac(EVP_MAC* mac, const HmacKind& kind, std::string_view secret) {
    Owned<EVP_MAC_CTX> context(EVP_MAC_CTX_new(mac));
    // The parameter is only read, though its type is not const.
    char* const digest = const_cast<char*>(kind.digest);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    const bool isReady =
        context && EVP_MAC_init(context.get(), bytesOf(secret), secret.size(), parameters) == 1;
    return isReady ? std::move(context) : nullptr;
}

bool HmacKey::prepare(std::string_view secret) {
    const ErrorQueueGuard guard;
    const Owned<EVP_MAC> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    for (const HmacKind& kind : kKinds) {
        if (!allows(kind.algorithm)) {
            continue;
        }
        Owned<EVP_MAC_CTX> context = mac ? makeKeyedMac(mac.get(), kind, secret) : nullptr;
        if (!context) {
            return false;
        }
        keyed_.push_back({kind, std::move(context)});
    }
    return true;
}

const HmacKey::Keyed* HmacKey::keyedFor(Algorithm algorithm) const {
    for (const Keyed& keyed : keyed_) {
        if (keyed.kind.algorithm == algorithm) {
            return &keyed;
        }
    }
    return nullptr;
}

/// An init without a key keeps the keyed state and starts over: a third of the
/// cost of keying again.
bool computeMac(EVP_MAC_CTX* context, std::string_view input, unsigned char* out,
                std::size_t size) {
    std::size_t written = 0;
    return EVP_MAC_init(context, nullptr, 0, nullptr) == 1 &&
           EVP_MAC_update(context, bytesOf(input), input.size()) == 1 &&
           EVP_MAC_final(context, out, &written, size) == 1 && written == size;
}

bool HmacKey::verify(Algorithm algorithm, std::string_view input,
                     std::string_view signature) const {
    const Keyed* keyed = keyedFor(algorithm);
    if (keyed == nullptr || signature.size() != keyed->kind.hashBytes) {
        return false;
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> expected;
    const bool computed =
        computeMac(keyed->context.get(), input, expected.data(), signature.size());
    if (!computed) {
        ERR_clear_error();
    }
    const bool matches =
        computed && CRYPTO_memcmp(expected.data(), signature.data(), signature.size()) == 0;
    // It is the valid signature of whatever the caller sent.
    OPENSSL_cleanse(expected.data(), expected.size());
    return matches;
}

/// One JWK, or a set of them.
bool isJwk(std::string_view secret) {
    const text::JsonPtr json = text::parseJson(secret, {kMaxKeySetBytes});
    return json_object_get(json.get(), "kty") != nullptr ||
           json_object_get(json.get(), "keys") != nullptr;
}

/// Null if it may verify tokens.
const char* faultOf(std::string_view secret) {
    if (secret.size() < kKinds[0].hashBytes) {
        return "shorter than 32 bytes";
    }
    if (secret.find("-----BEGIN ") != std::string_view::npos) {
        return "a PEM key or certificate, not a shared secret";
    }
    if (readSubjectKey(secret) || readCertifiedKey(secret)) {
        return "a DER key or certificate, not a shared secret";
    }
    return isJwk(secret) ? "a JWK, not a shared secret" : nullptr;
}

}  // namespace

std::variant<VerificationKeyPtr, const char*> makeHmacKey(std::string_view secret,
                                                          std::string keyId,
                                                          AlgorithmSet algorithms) {
    if (const char* fault = faultOf(secret)) {
        return fault;
    }
    AlgorithmSet usable;
    for (const HmacKind& kind : kKinds) {
        if (algorithms.has(kind.algorithm) && secret.size() >= kind.hashBytes) {
            usable.add(kind.algorithm);
        }
    }
    if (usable.empty()) {
        return "unfit for its alg, which is not for secrets or has a longer hash";
    }
    auto key = std::make_shared<HmacKey>(std::move(keyId), usable);
    if (!key->prepare(secret)) {
        return "refused by OpenSSL";
    }
    return key;
}

}  // namespace edgerun::auth
