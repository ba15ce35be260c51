#include "edgerun/auth/jws.h"

#include <strings.h>

#include <algorithm>

#include "edgerun/text/base64url.h"
#include "edgerun/text/json.h"

namespace edgerun::auth {
namespace {

constexpr text::JsonLimits kHeaderLimits{kMaxTokenBytes, 32};
constexpr std::size_t kMaxKeyIdBytes = 256;

/// The encoded parts of `token`, and what the signature is over.
struct CompactJws {
    std::string_view header, payload, signature, signingInput;
};

std::optional<CompactJws> splitCompact(std::string_view token);
std::variant<Algorithm, TokenProblem> readHeader(std::string_view header);
bool isAllowedByAny(const VerificationKeys& keys, Algorithm algorithm);
bool isVerifiedByAny(const VerificationKeys& keys, Algorithm algorithm, std::string_view input,
                     std::string_view signature);

}  // namespace

std::variant<std::string, TokenProblem> verifyCompact(std::string_view token,
                                                      const VerificationKeys& keys,
                                                      AlgorithmSet algorithms) {
    if (token.size() > kMaxTokenBytes) {
        return TokenProblem::TooLarge;
    }
    const auto jws = splitCompact(token);
    const auto header = jws ? text::decodeBase64Url(jws->header) : std::nullopt;
    const auto signature = header ? text::decodeBase64Url(jws->signature) : std::nullopt;
    auto payload = signature ? text::decodeBase64Url(jws->payload) : std::nullopt;
    if (!payload) {
        return TokenProblem::Malformed;
    }
    const auto algorithm = readHeader(*header);
    if (const auto* problem = std::get_if<TokenProblem>(&algorithm)) {
        return *problem;
    }
    if (!algorithms.has(std::get<Algorithm>(algorithm)) ||
        !isAllowedByAny(keys, std::get<Algorithm>(algorithm))) {
        return TokenProblem::WrongAlgorithm;
    }
    if (!isVerifiedByAny(keys, std::get<Algorithm>(algorithm), jws->signingInput, *signature)) {
        return TokenProblem::BadSignature;
    }
    return std::move(*payload);
}

namespace {

/// Exactly two dots, looked for at most three times however many there are.
std::optional<CompactJws> splitCompact(std::string_view token) {
    const std::size_t first = token.find('.');
    const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
        return std::nullopt;
    }
    const CompactJws jws{token.substr(0, first), token.substr(first + 1, second - first - 1),
                         token.substr(second + 1), token.substr(0, second)};
    if (jws.header.empty() || jws.payload.empty() || jws.signature.empty()) {
        return std::nullopt;
    }
    return jws;
}

/// RFC 7515 section 4.1.9: a name without a slash stands for "application/name",
/// and media types are compared without regard to case.
bool isTokenType(std::string_view type) {
    constexpr std::string_view kTypes[] = {"jwt", "at+jwt", "application/jwt",
                                           "application/at+jwt"};
    return std::any_of(std::begin(kTypes), std::end(kTypes), [&](std::string_view known) {
        return type.size() == known.size() &&
               strncasecmp(type.data(), known.data(), known.size()) == 0;
    });
}

bool isKeyId(const json_t* value) {
    return json_is_string(value) && json_string_length(value) <= kMaxKeyIdBytes;
}

bool isAcceptable(const json_t* header) {
    const json_t* type = json_object_get(header, "typ");
    const json_t* keyId = json_object_get(header, "kid");
    return json_is_object(header) && (type == nullptr || isTokenType(text::stringOf(type))) &&
           (keyId == nullptr || isKeyId(keyId)) && json_object_get(header, "crit") == nullptr &&
           json_object_get(header, "b64") == nullptr;
}

std::variant<Algorithm, TokenProblem> readHeader(std::string_view bytes) {
    const text::JsonPtr header = text::parseJson(bytes, kHeaderLimits);
    if (!isAcceptable(header.get())) {
        return TokenProblem::BadHeader;
    }
    const auto algorithm = algorithmNamed(text::stringMember(header.get(), "alg").value_or(""));
    if (!algorithm) {
        return TokenProblem::WrongAlgorithm;
    }
    return *algorithm;
}

bool isAllowedByAny(const VerificationKeys& keys, Algorithm algorithm) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const auto& key) { return key->allows(algorithm); });
}

bool isVerifiedByAny(const VerificationKeys& keys, Algorithm algorithm, std::string_view input,
                     std::string_view signature) {
    return std::any_of(keys.begin(), keys.end(), [&](const auto& key) {
        return key->allows(algorithm) && key->verify(algorithm, input, signature);
    });
}

}  // namespace
}  // namespace edgerun::auth
