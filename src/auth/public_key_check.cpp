#include <openssl/core_names.h>

#include <algorithm>
#include <array>

#include "public_key.h"

namespace edgerun::auth {
namespace {

const char* rsaFault(const EVP_PKEY* key);
const char* ecFault(const EVP_PKEY* key);
const char* noFault(const EVP_PKEY*) {
    return nullptr;
}

/// What is known of a kind of key. EC keys are told apart by their group.
struct KeyKind {
    const char* name;
    const char* group;
    AlgorithmSet algorithms;
    const char* (*fault)(const EVP_PKEY* key);
};

constexpr AlgorithmSet kPssAlgorithms{Algorithm::PS256, Algorithm::PS384, Algorithm::PS512};
constexpr AlgorithmSet kRsaAlgorithms{Algorithm::RS256, Algorithm::RS384, Algorithm::RS512,
                                      Algorithm::PS256, Algorithm::PS384, Algorithm::PS512};

constexpr KeyKind kKinds[] = {
    {"RSA", nullptr, kRsaAlgorithms, rsaFault},
    {"RSA-PSS", nullptr, kPssAlgorithms, rsaFault},
    {"EC", "prime256v1", {Algorithm::ES256}, ecFault},
    {"EC", "secp384r1", {Algorithm::ES384}, ecFault},
    {"EC", "secp521r1", {Algorithm::ES512}, ecFault},
    {"ED25519", nullptr, {Algorithm::EdDSA}, noFault},
    {"ED448", nullptr, {Algorithm::EdDSA}, noFault},
};

std::string groupOf(const EVP_PKEY* key) {
    std::array<char, 64> name{};
    std::size_t size = 0;
    return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1
               ? std::string(name.data(), size)
               : std::string();
}

const KeyKind* kindOf(const EVP_PKEY* key) {
    const std::string group = EVP_PKEY_is_a(key, "EC") == 1 ? groupOf(key) : std::string();
    const auto* kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KeyKind& k) {
        return EVP_PKEY_is_a(key, k.name) == 1 && (k.group == nullptr || group == k.group);
    });
    return kind == std::end(kKinds) ? nullptr : kind;
}

Owned<BIGNUM> numberOf(const EVP_PKEY* key, const char* name) {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key, name, &number);
    return Owned<BIGNUM>(number);
}

/// Infineon's generator made primes that are powers of 65537 modulo each small prime;
/// such a modulus can be factored (Nemec et al., "The Return of Coppersmith's Attack", 2017).
bool hasWeakStructure(const BIGNUM* modulus) {
    constexpr BN_ULONG kPrimes[] = {3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,
                                    47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101, 103,
                                    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
    return std::all_of(std::begin(kPrimes), std::end(kPrimes), [&](BN_ULONG prime) {
        const BN_ULONG rest = BN_mod_word(modulus, prime);
        BN_ULONG power = 1;
        do {
            if (power == rest) {
                return true;
            }
            power = power * 65537 % prime;
        } while (power != 1);
        return false;
    });
}

/// EVP_PKEY_public_check() would look for primes and powers in the modulus, which takes
/// seconds for a hostile one (CVE-2023-6237).
const char* rsaFault(const EVP_PKEY* key) {
    const Owned<BIGNUM> n = numberOf(key, OSSL_PKEY_PARAM_RSA_N);
    const Owned<BIGNUM> e = numberOf(key, OSSL_PKEY_PARAM_RSA_E);
    if (!n || !e) {
        return "is not a usable RSA key";
    }
    if (BN_num_bits(n.get()) < 2048) {
        return "has an RSA modulus below 2048 bits";
    }
    if (BN_num_bits(n.get()) > kMaxModulusBits) {
        return "has an RSA modulus above 8192 bits";
    }
    if (BN_is_odd(n.get()) == 0) {
        return "has an even RSA modulus";
    }
    if (BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) == 1 || BN_num_bits(e.get()) > 32) {
        return "has an RSA exponent that is not odd, above 1 and at most 2^32";
    }
    return hasWeakStructure(n.get()) ? "was made by a faulty generator (ROCA, CVE-2017-15361)"
                                     : nullptr;
}

/// The quick check leaves out the point's order, which is right for each point of a
/// curve with cofactor 1. Explicit curve parameters are refused though they equal a
/// named curve's: only the name is an algorithm's (RFC 5480 section 2.1.1).
const char* ecFault(const EVP_PKEY* key) {
    int isExplicit = 0;
    EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &isExplicit);
    if (isExplicit != 0) {
        return "gives its curve by parameters, not by name";
    }
    const Owned<EVP_PKEY_CTX> context(
        EVP_PKEY_CTX_new_from_pkey(nullptr, const_cast<EVP_PKEY*>(key), nullptr));
    return context && EVP_PKEY_public_check_quick(context.get()) == 1
               ? nullptr
               : "is not a point of its curve";
}

}  // namespace

const char* publicKeyFault(const EVP_PKEY* key) {
    const ErrorQueueGuard guard;
    const KeyKind* kind = kindOf(key);
    return kind != nullptr ? kind->fault(key)
                           : "is of none of the kinds RSA, P-256, P-384, P-521, Ed25519, Ed448";
}

AlgorithmSet algorithmsFor(const EVP_PKEY* key) {
    const ErrorQueueGuard guard;
    const KeyKind* kind = kindOf(key);
    return kind != nullptr ? kind->algorithms : AlgorithmSet();
}

}  // namespace edgerun::auth
