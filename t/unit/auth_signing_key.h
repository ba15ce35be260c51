#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>
#include <string_view>

#include "edgerun/auth/algorithm.h"
#include "edgerun/text/base64url.h"

namespace edgerun::auth {

/// The other side of a VerificationKey: signs as an identity provider does.
class SigningKey {
public:
    static SigningKey rsa(std::size_t bits = 2048) {
        return {EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits), {}};
    }
    /// P-256, P-384, P-521
    static SigningKey ec(const char* curve) {
        return {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve), curve};
    }
    /// Ed25519, Ed448
    static SigningKey edwards(const char* curve) {
        return {EVP_PKEY_Q_keygen(nullptr, nullptr, curve), curve};
    }

    /// As JWS has it: r and s of ECDSA side by side.
    std::string sign(Algorithm algorithm, std::string_view input) const {
        const std::string_view name = nameOf(algorithm);
        const std::string signature = signRaw(name, input);
        return name[0] == 'E' && name[1] == 'S' ? pairOf(signature) : signature;
    }

    /// As OpenSSL gives it: DER for ECDSA.
    std::string signRaw(std::string_view name, std::string_view input) const {
        const std::unique_ptr<EVP_MD_CTX, Release> context(EVP_MD_CTX_new());
        EVP_PKEY_CTX* parameters = nullptr;
        const bool isHashed = name != "EdDSA";
        const std::string digest = isHashed ? "SHA" + std::string(name.substr(2)) : "";
        EVP_DigestSignInit_ex(context.get(), &parameters, isHashed ? digest.c_str() : nullptr,
                              nullptr, nullptr, key_.get(), nullptr);
        if (name[0] == 'P') {
            EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
            EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
        }
        std::string signature(EVP_PKEY_get_size(key_.get()), '\0');
        std::size_t size = signature.size();
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       reinterpret_cast<const unsigned char*>(input.data()), input.size());
        return signature.substr(0, size);
    }

    /// `more` are further members, as in R("alg":"RS256").
    std::string jwk(const std::string& more = {}) const {
        return "{" + (more.empty() ? more : more + ",") + numbers() + "}";
    }

    std::string publicPem() const {
        const std::unique_ptr<BIO, Release> out(BIO_new(BIO_s_mem()));
        PEM_write_bio_PUBKEY(out.get(), key_.get());
        return contentOf(out.get());
    }

    std::string privatePem() const {
        const std::unique_ptr<BIO, Release> out(BIO_new(BIO_s_mem()));
        PEM_write_bio_PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
        return contentOf(out.get());
    }

    std::string certificatePem() const {
        const std::unique_ptr<BIO, Release> out(BIO_new(BIO_s_mem()));
        PEM_write_bio_X509(out.get(), certificate().get());
        return contentOf(out.get());
    }

    std::string publicDer() const {
        const std::unique_ptr<BIO, Release> out(BIO_new(BIO_s_mem()));
        i2d_PUBKEY_bio(out.get(), key_.get());
        return contentOf(out.get());
    }

    std::string certificateDer() const {
        const std::unique_ptr<BIO, Release> out(BIO_new(BIO_s_mem()));
        i2d_X509_bio(out.get(), certificate().get());
        return contentOf(out.get());
    }

private:
    struct Release {
        void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
        void operator()(BIO* bio) const { BIO_free(bio); }
        void operator()(BIGNUM* number) const { BN_free(number); }
        void operator()(X509* certificate) const { X509_free(certificate); }
        void operator()(ECDSA_SIG* pair) const { ECDSA_SIG_free(pair); }
    };

    SigningKey(EVP_PKEY* key, std::string curve) : key_(key), curve_(std::move(curve)) {}

    static std::string contentOf(BIO* bio) {
        char* bytes = nullptr;
        const long size = BIO_get_mem_data(bio, &bytes);
        return {bytes, static_cast<std::size_t>(size)};
    }

    std::unique_ptr<X509, Release> certificate() const {
        std::unique_ptr<X509, Release> made(X509_new());
        X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
        X509_set_pubkey(made.get(), key_.get());
        X509_sign(made.get(), key_.get(), curve_.compare(0, 2, "Ed") == 0 ? nullptr : EVP_sha256());
        return made;
    }

    std::size_t coordinateBytes() const { return (EVP_PKEY_get_bits(key_.get()) + 7) / 8; }

    std::string pairOf(const std::string& der) const {
        const auto* at = reinterpret_cast<const unsigned char*>(der.data());
        const std::unique_ptr<ECDSA_SIG, Release> pair(
            d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
        return padded(ECDSA_SIG_get0_r(pair.get()), coordinateBytes()) +
               padded(ECDSA_SIG_get0_s(pair.get()), coordinateBytes());
    }

    static std::string padded(const BIGNUM* number, std::size_t size) {
        std::string bytes(size, '\0');
        BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
                     static_cast<int>(size));
        return bytes;
    }

    /// "name":"base64url", of `size` bytes, or of as many as the number needs.
    std::string numberMember(const char* name, const char* parameter, std::size_t size = 0) const {
        BIGNUM* number = nullptr;
        EVP_PKEY_get_bn_param(key_.get(), parameter, &number);
        const std::unique_ptr<BIGNUM, Release> owner(number);
        const std::size_t needed = BN_num_bytes(number);
        return '"' + std::string(name) + "\":\"" +
               text::encodeBase64Url(padded(number, size == 0 ? needed : size)) + '"';
    }

    std::string numbers() const {
        if (curve_.empty()) {
            return R"("kty":"RSA",)" + numberMember("n", OSSL_PKEY_PARAM_RSA_N) + "," +
                   numberMember("e", OSSL_PKEY_PARAM_RSA_E);
        }
        if (curve_[0] == 'P') {
            const std::size_t size = coordinateBytes();
            return R"("kty":"EC","crv":")" + curve_ + "\"," +
                   numberMember("x", OSSL_PKEY_PARAM_EC_PUB_X, size) + "," +
                   numberMember("y", OSSL_PKEY_PARAM_EC_PUB_Y, size);
        }
        std::string x(64, '\0');
        std::size_t size = x.size();
        EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(x.data()), &size);
        return R"("kty":"OKP","crv":")" + curve_ + R"(","x":")" +
               text::encodeBase64Url({x.data(), size}) + '"';
    }

    std::unique_ptr<EVP_PKEY, Release> key_;
    std::string curve_;  ///< empty for RSA
};

/// One for all tests of an RSA algorithm: to make one takes a tenth of a second.
inline const SigningKey& rsaSigningKey() {
    static const SigningKey key = SigningKey::rsa();
    return key;
}

/// A key that can sign under `algorithm`; for EdDSA one of Ed25519.
inline const SigningKey& signingKeyFor(Algorithm algorithm) {
    static const SigningKey p256 = SigningKey::ec("P-256");
    static const SigningKey p384 = SigningKey::ec("P-384");
    static const SigningKey p521 = SigningKey::ec("P-521");
    static const SigningKey ed25519 = SigningKey::edwards("Ed25519");
    switch (algorithm) {
        case Algorithm::HS256:
        case Algorithm::HS384:
        case Algorithm::HS512:
        case Algorithm::RS256:
        case Algorithm::RS384:
        case Algorithm::RS512:
        case Algorithm::PS256:
        case Algorithm::PS384:
        case Algorithm::PS512:
            return rsaSigningKey();
        case Algorithm::ES256:
            return p256;
        case Algorithm::ES384:
            return p384;
        case Algorithm::ES512:
            return p521;
        case Algorithm::EdDSA:
            return ed25519;
    }
    return rsaSigningKey();
}

/// Signed under `algorithm`, whatever the header says.
inline std::string signTokenBy(const SigningKey& key, Algorithm algorithm, std::string_view header,
                               std::string_view payload = "{}") {
    const std::string input = text::encodeBase64Url(header) + "." + text::encodeBase64Url(payload);
    return input + "." + text::encodeBase64Url(key.sign(algorithm, input));
}

/// {"alg":"ES256"}, with `more` members before it, as in R("kid":"a").
inline std::string headerFor(Algorithm algorithm, const std::string& more = {}) {
    return "{" + (more.empty() ? more : more + ",") + R"("alg":")" + nameOf(algorithm) + "\"}";
}

}  // namespace edgerun::auth
