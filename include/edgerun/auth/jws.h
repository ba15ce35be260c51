#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "edgerun/auth/token_problem.h"
#include "edgerun/auth/verification_key.h"

namespace edgerun::auth {

/// The longest token that is looked at, in bytes.
inline constexpr std::size_t kMaxTokenBytes = 16 * 1024;

/// How many keys one token is checked against at most.
inline constexpr std::size_t kMaxTries = 16;

/// The payload of one compact JWS (RFC 7515 section 3.1, 5.2) that one of `keys` verifies under one
/// of `algorithms`. Nothing in the token chooses a key's kind; jwk, jku, x5u, x5c are never read. A
/// kid chooses the keys of that kid; keys without one are candidates for every token, and all are
/// for a token without kid. A kid that no key has, and that no key without one verifies, is
/// UnknownKey, whatever algorithm is named. Refused: any crit (RFC 7515 section 4.1.11: none is
/// understood) and b64 (RFC 7797), a typ that says something else than JWT or at+jwt (RFC 8725
/// section 3.11, RFC 9068 section 4), a kid that is not a string of at most 256 bytes, an empty
/// header or signature. The payload may be anything, also empty. Time is linear in the token.
std::variant<std::string, TokenProblem> verifyCompact(
    std::string_view token, const VerificationKeys& keys,
    AlgorithmSet algorithms = AlgorithmSet::all());

}  // namespace edgerun::auth
