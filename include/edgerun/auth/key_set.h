#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edgerun/auth/verification_key.h"

namespace edgerun::auth {

/// The largest key set that is looked at, in bytes.
inline constexpr std::size_t kMaxKeySetBytes = 256 * 1024;
/// The most keys of one set.
inline constexpr std::size_t kMaxKeys = 64;

struct KeySet {
    VerificationKeys keys;  ///< at least one
    /// Which keys of the set were left out and why ("key 3 (kid \"a\") is ..."), for the log; never
    /// a part of a secret.
    std::vector<std::string> skipped;
};

using KeySetFaults = std::vector<std::string>;

/// A file of the operator's: a JWK Set (RFC 7517 section 5), one JWK, or PEM (public keys,
/// "PUBLIC KEY", and certificates). Every fault is named: a key that cannot be used, private keys,
/// two keys of one kid, secrets beside public keys, no key at all. Encryption keys (use "enc", or
/// key_ops without "verify") are skipped.
std::variant<KeySet, KeySetFaults> readKeyFile(std::string_view bytes);

/// What an identity provider answered: a JWK Set. Keys that cannot be used are skipped, secrets and
/// private keys always, and of two keys of one kid that allow the same algorithm the second. A
/// fault when no usable key is left.
std::variant<KeySet, std::string> readKeySet(std::string_view bytes);

}  // namespace edgerun::auth
