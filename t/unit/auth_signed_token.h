#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>
#include <string_view>
#include <utility>

#include "edgerun/auth/hmac_key.h"
#include "edgerun/auth/jwt_verifier.h"
#include "edgerun/text/base64url.h"

namespace edgerun::auth {

/// 64 bytes: every HMAC algorithm is allowed.
inline const std::string kTestSecret(64, 'k');

inline std::string hmac(const EVP_MD* digest, std::string_view secret, std::string_view input) {
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(digest, secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(input.data()), input.size(), mac, &size);
    return {reinterpret_cast<char*>(mac), size};
}

/// Signed as somebody who knows the secret would, whatever the header says, so
/// that a refusal is never only that of a bad signature.
inline std::string signToken(std::string_view header, std::string_view payload,
                             std::string_view secret = kTestSecret,
                             const EVP_MD* digest = EVP_sha256()) {
    const std::string input = text::encodeBase64Url(header) + "." + text::encodeBase64Url(payload);
    return input + "." + text::encodeBase64Url(hmac(digest, secret, input));
}

/// Null for a secret with a fault.
inline VerificationKeyPtr hmacKey(std::string_view secret, std::string keyId = {}) {
    const auto made = makeHmacKey(secret, std::move(keyId));
    const auto* key = std::get_if<VerificationKeyPtr>(&made);
    return key != nullptr ? *key : nullptr;
}

template <typename... Secrets>
VerificationKeys keysOf(const Secrets&... secrets) {
    VerificationKeys keys;
    (keys.push_back(hmacKey(secrets)), ...);
    return keys;
}

/// For a test's message: the problem's phrase, or "accepted".
template <typename Result>
std::string verdictOf(const Result& result) {
    const auto* problem = std::get_if<TokenProblem>(&result);
    return problem == nullptr ? "accepted" : describe(*problem);
}

}  // namespace edgerun::auth
