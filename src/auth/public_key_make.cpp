#include <openssl/core_names.h>

#include <array>

#include "public_key.h"

namespace edgerun::auth {
namespace {

constexpr Curve kPrimeCurves[] = {
    {"P-256", "P-256", 32},
    {"P-384", "P-384", 48},
    {"P-521", "P-521", 66},
};

constexpr Curve kEdwardsCurves[] = {
    {"Ed25519", "ED25519", 32},
    {"Ed448", "ED448", 57},
};

template <std::size_t N>
const Curve* named(const Curve (&curves)[N], std::string_view name) {
    for (const Curve& curve : curves) {
        if (curve.name == name) {
            return &curve;
        }
    }
    return nullptr;
}

/// Null for more than a number of kMaxModulusBits. Leading zeros do no harm, and some
/// providers publish one before the modulus.
Owned<BIGNUM> numberOf(std::string_view bytes) {
    bytes.remove_prefix(std::min(bytes.find_first_not_of('\0'), bytes.size()));
    return bytes.size() <= kMaxModulusBits / 8
               ? Owned<BIGNUM>(BN_bin2bn(bytesOf(bytes), static_cast<int>(bytes.size()), nullptr))
               : nullptr;
}

PublicKey fromParameters(const char* kind, OSSL_PARAM_BLD* builder) {
    const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
    const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
        return nullptr;
    }
    return PublicKey(key);
}

}  // namespace

const Curve* primeCurveNamed(std::string_view name) {
    return named(kPrimeCurves, name);
}

const Curve* edwardsCurveNamed(std::string_view name) {
    return named(kEdwardsCurves, name);
}

PublicKey makeRsaKey(std::string_view modulus, std::string_view exponent) {
    const ErrorQueueGuard guard;
    const Owned<BIGNUM> n = numberOf(modulus);
    const Owned<BIGNUM> e = numberOf(exponent);
    const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
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
    const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
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
