#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <array>

#include "public_key.h"

namespace edgerun::auth {
namespace {

constexpr std::size_t kMaxModulusBytes = 8192 / 8;

constexpr Curve kPrimeCurves[] = {
    {"P-256", "P-256", 32},
    {"P-384", "P-384", 48},
    {"P-521", "P-521", 66},
};

constexpr Curve kEdwardsCurves[] = {
    {"Ed25519", "ED25519", 32},
    {"Ed448", "ED448", 57},
};

struct MakeRelease {
    void operator()(BIGNUM* number) const noexcept { BN_free(number); }
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
    void operator()(OSSL_PARAM_BLD* builder) const noexcept { OSSL_PARAM_BLD_free(builder); }
    void operator()(OSSL_PARAM* parameters) const noexcept { OSSL_PARAM_free(parameters); }
};
using Number = std::unique_ptr<BIGNUM, MakeRelease>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, MakeRelease>;

const unsigned char* bytesOf(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

template <std::size_t N>
const Curve* named(const Curve (&curves)[N], std::string_view name) {
    for (const Curve& curve : curves) {
        if (curve.name == name) {
            return &curve;
        }
    }
    return nullptr;
}

/// Null for more than a number of kMaxModulusBytes. Leading zeros do no harm, and some
/// providers publish one before the modulus.
Number numberOf(std::string_view bytes) {
    bytes.remove_prefix(std::min(bytes.find_first_not_of('\0'), bytes.size()));
    return bytes.size() <= kMaxModulusBytes
               ? Number(BN_bin2bn(bytesOf(bytes), static_cast<int>(bytes.size()), nullptr))
               : nullptr;
}

PublicKey fromParameters(const char* kind, OSSL_PARAM_BLD* builder) {
    const std::unique_ptr<OSSL_PARAM, MakeRelease> parameters(OSSL_PARAM_BLD_to_param(builder));
    const std::unique_ptr<EVP_PKEY_CTX, MakeRelease> context(
        EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
        return nullptr;
    }
    return PublicKey(key);
}

}  // namespace

ErrorQueueGuard::~ErrorQueueGuard() {
    ERR_clear_error();
}

const Curve* primeCurveNamed(std::string_view name) {
    return named(kPrimeCurves, name);
}

const Curve* edwardsCurveNamed(std::string_view name) {
    return named(kEdwardsCurves, name);
}

PublicKey makeRsaKey(std::string_view modulus, std::string_view exponent) {
    const ErrorQueueGuard guard;
    const Number n = numberOf(modulus);
    const Number e = numberOf(exponent);
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!n || !e || !builder ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
        return nullptr;
    }
    return fromParameters("RSA", builder.get());
}

PublicKey makeEcKey(const Curve& curve, std::string_view x, std::string_view y) {
    const ErrorQueueGuard guard;
    if (x.size() != curve.bytes || y.size() != curve.bytes) {
        return nullptr;
    }
    // SEC 1 section 2.3.3, uncompressed.
    const std::string point = '\4' + std::string(x) + std::string(y);
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!builder ||
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                        curve.opensslName, 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1) {
        return nullptr;
    }
    return fromParameters("EC", builder.get());
}

PublicKey makeEdwardsKey(const Curve& curve, std::string_view x) {
    const ErrorQueueGuard guard;
    return x.size() == curve.bytes ? PublicKey(EVP_PKEY_new_raw_public_key_ex(
                                         nullptr, curve.opensslName, nullptr, bytesOf(x), x.size()))
                                   : nullptr;
}

}  // namespace edgerun::auth
