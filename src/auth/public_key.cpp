#include "public_key.h"

#include <openssl/rsa.h>

#include <array>

namespace edgerun::auth {
namespace {

/// Algorithms that sign a hash.
struct HashScheme {
    Algorithm algorithm;
    const char* digest;
    int padding;  ///< RSA's; 0 for ECDSA
};

constexpr HashScheme kHashSchemes[] = {
    {Algorithm::RS256, "SHA256", RSA_PKCS1_PADDING},
    {Algorithm::RS384, "SHA384", RSA_PKCS1_PADDING},
    {Algorithm::RS512, "SHA512", RSA_PKCS1_PADDING},
    {Algorithm::PS256, "SHA256", RSA_PKCS1_PSS_PADDING},
    {Algorithm::PS384, "SHA384", RSA_PKCS1_PSS_PADDING},
    {Algorithm::PS512, "SHA512", RSA_PKCS1_PSS_PADDING},
    {Algorithm::ES256, "SHA256", 0},
    {Algorithm::ES384, "SHA384", 0},
    {Algorithm::ES512, "SHA512", 0},
};

/// Set up once: a context verifies again and again with the parameters that it has.
struct HashVerifier {
    Algorithm algorithm;
    Owned<EVP_MD> digest;
    Owned<EVP_PKEY_CTX> context;
};
using HashVerifiers = std::vector<HashVerifier>;

bool setPadding(EVP_PKEY_CTX* context, const HashScheme& scheme, const EVP_MD* digest) {
    if (scheme.padding == 0) {
        return true;
    }
    if (EVP_PKEY_CTX_set_rsa_padding(context, scheme.padding) != 1) {
        return false;
    }
    // RFC 7518 section 3.5: MGF1 with the same hash, a salt of the hash's size.
    return scheme.padding != RSA_PKCS1_PSS_PADDING ||
           (EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

Owned<EVP_PKEY_CTX> makeContext(EVP_PKEY* key, const HashScheme& scheme, const EVP_MD* digest) {
    Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    const bool isReady = context && digest != nullptr && EVP_PKEY_verify_init(context.get()) == 1 &&
                         EVP_PKEY_CTX_set_signature_md(context.get(), digest) == 1 &&
                         setPadding(context.get(), scheme, digest);
    return isReady ? std::move(context) : nullptr;
}

/// One for each of `algorithms` that OpenSSL takes: an RSA-PSS key may have restrictions.
HashVerifiers makeHashVerifiers(EVP_PKEY* key, AlgorithmSet algorithms) {
    HashVerifiers verifiers;
    for (const HashScheme& scheme : kHashSchemes) {
        if (!algorithms.has(scheme.algorithm)) {
            continue;
        }
        Owned<EVP_MD> digest(EVP_MD_fetch(nullptr, scheme.digest, nullptr));
        Owned<EVP_PKEY_CTX> context = makeContext(key, scheme, digest.get());
        if (context) {
            verifiers.push_back({scheme.algorithm, std::move(digest), std::move(context)});
        }
    }
    return verifiers;
}

AlgorithmSet algorithmsOf(const HashVerifiers& verifiers) {
    AlgorithmSet algorithms;
    for (const HashVerifier& verifier : verifiers) {
        algorithms.add(verifier.algorithm);
    }
    return algorithms;
}

/// False for an algorithm that has no verifier.
bool isVerified(const HashVerifiers& verifiers, Algorithm algorithm, std::string_view input,
                std::string_view signature) {
    for (const HashVerifier& verifier : verifiers) {
        if (verifier.algorithm != algorithm) {
            continue;
        }
        std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
        unsigned size = 0;
        const bool matches = EVP_Digest(input.data(), input.size(), hash.data(), &size,
                                        verifier.digest.get(), nullptr) == 1 &&
                             EVP_PKEY_verify(verifier.context.get(), bytesOf(signature),
                                             signature.size(), hash.data(), size) == 1;
        if (!matches) {
            ERR_clear_error();
        }
        return matches;
    }
    return false;
}

class RsaKey final : public VerificationKey {
public:
    RsaKey(std::string keyId, HashVerifiers verifiers, std::size_t modulusBytes)
        : VerificationKey(std::move(keyId), algorithmsOf(verifiers)),
          verifiers_(std::move(verifiers)),
          modulusBytes_(modulusBytes) {}

    /// RFC 8017 section 8.1.2 and 8.2.2, step 1.
    bool verify(Algorithm algorithm, std::string_view input,
                std::string_view signature) const override {
        return signature.size() == modulusBytes_ &&
               isVerified(verifiers_, algorithm, input, signature);
    }

private:
    HashVerifiers verifiers_;
    std::size_t modulusBytes_;
};

/// A number of two's complement in DER: no zeros before it but the one that keeps it
/// positive.
unsigned char* appendDerInteger(unsigned char* out, std::string_view number) {
    number.remove_prefix(std::min(number.find_first_not_of('\0'), number.size() - 1));
    const bool looksNegative = (static_cast<unsigned char>(number[0]) & 0x80) != 0;
    *out++ = 0x02;
    *out++ = static_cast<unsigned char>(number.size() + (looksNegative ? 1 : 0));
    if (looksNegative) {
        *out++ = 0;
    }
    return std::copy(number.begin(), number.end(), out);
}

/// ECDSA's r and s, as JWS has them (RFC 7518 section 3.4), in the form that OpenSSL takes
/// (RFC 3279 section 2.2.3). OpenSSL refuses numbers that are not in 1..n-1.
class DerSignature {
public:
    explicit DerSignature(std::string_view pair) {
        std::array<unsigned char, 2 * kMaxInteger> body;
        unsigned char* end = appendDerInteger(body.data(), pair.substr(0, pair.size() / 2));
        end = appendDerInteger(end, pair.substr(pair.size() / 2));
        const auto bodySize = static_cast<std::size_t>(end - body.data());
        bytes_[size_++] = 0x30;
        if (bodySize > 0x7F) {
            bytes_[size_++] = 0x81;
        }
        bytes_[size_++] = static_cast<unsigned char>(bodySize);
        std::copy(body.data(), end, bytes_.data() + size_);
        size_ += bodySize;
    }

    std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), size_}; }

private:
    static constexpr std::size_t kMaxInteger = 2 + 1 + 66;  ///< of P-521
    std::array<unsigned char, 3 + 2 * kMaxInteger> bytes_;
    std::size_t size_ = 0;
};

class EcKey final : public VerificationKey {
public:
    EcKey(std::string keyId, HashVerifiers verifiers, std::size_t coordinateBytes)
        : VerificationKey(std::move(keyId), algorithmsOf(verifiers)),
          verifiers_(std::move(verifiers)),
          coordinateBytes_(coordinateBytes) {}

    bool verify(Algorithm algorithm, std::string_view input,
                std::string_view signature) const override {
        return signature.size() == 2 * coordinateBytes_ &&
               isVerified(verifiers_, algorithm, input, DerSignature(signature).view());
    }

private:
    HashVerifiers verifiers_;
    std::size_t coordinateBytes_;
};

class EdwardsKey final : public VerificationKey {
public:
    EdwardsKey(std::string keyId, PublicKey key)
        : VerificationKey(std::move(keyId), {Algorithm::EdDSA}), key_(std::move(key)) {}

    /// A context that has verified would have to be set up again, so each has its own.
    bool verify(Algorithm algorithm, std::string_view input,
                std::string_view signature) const override {
        if (algorithm != Algorithm::EdDSA ||
            signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()))) {
            return false;
        }
        const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
        const bool matches = context &&
                             EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr,
                                                     nullptr, key_.get(), nullptr) == 1 &&
                             EVP_DigestVerify(context.get(), bytesOf(signature), signature.size(),
                                              bytesOf(input), input.size()) == 1;
        if (!matches) {
            ERR_clear_error();
        }
        return matches;
    }

private:
    PublicKey key_;
};

VerificationKeyPtr makeKeyOf(PublicKey key, std::string keyId, AlgorithmSet algorithms) {
    if (algorithms.has(Algorithm::EdDSA)) {
        return std::make_shared<EdwardsKey>(std::move(keyId), std::move(key));
    }
    HashVerifiers verifiers = makeHashVerifiers(key.get(), algorithms);
    if (verifiers.empty()) {
        return nullptr;
    }
    const auto bytes = static_cast<std::size_t>(EVP_PKEY_get_bits(key.get()) + 7) / 8;
    if (EVP_PKEY_is_a(key.get(), "EC") == 1) {
        return std::make_shared<EcKey>(std::move(keyId), std::move(verifiers), bytes);
    }
    return std::make_shared<RsaKey>(std::move(keyId), std::move(verifiers), bytes);
}

}  // namespace

std::variant<VerificationKeyPtr, UnusableKey> makePublicKey(PublicKey key, std::string keyId,
                                                            AlgorithmSet algorithms) {
    const ErrorQueueGuard guard;
    if (const char* fault = publicKeyFault(key.get())) {
        return UnusableKey{fault};
    }
    algorithms = algorithms & algorithmsFor(key.get());
    if (algorithms.empty()) {
        return UnusableKey{"has an alg that does not fit its kind and curve"};
    }
    auto made = makeKeyOf(std::move(key), std::move(keyId), algorithms);
    if (made == nullptr) {
        return UnusableKey{"is refused by OpenSSL"};
    }
    return made;
}

}  // namespace edgerun::auth
