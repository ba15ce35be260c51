#include "edgerun/auth/jws.h"

#include <algorithm>

#include "edgerun/text/ascii.h"
#include "edgerun/text/base64url.h"
#include "edgerun/text/json.h"

namespace edgerun::auth {
namespace {

constexpr text::JsonLimits kHeaderLimits{kMaxTokenBytes, 32};

/// The encoded parts of `token`, and what the signature is over.
struct CompactJws {
    std::string_view header, payload, signature, signingInput;
};

/// What of a header is believed before the signature is checked.
struct JwsHeader {
    Algorithm algorithm;
    std::optional<std::string> keyId;
};

std::optional<CompactJws> splitCompact(std::string_view token);
std::variant<JwsHeader, TokenProblem> readHeader(std::string_view header);
std::optional<TokenProblem> problemOf(const VerificationKeys& keys, const JwsHeader& header,
                                      std::string_view input, std::string_view signature);

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
    const auto read = readHeader(*header);
    if (const auto* problem = std::get_if<TokenProblem>(&read)) {
        return *problem;
    }
    const auto& claimed = std::get<JwsHeader>(read);
    if (!algorithms.has(claimed.algorithm)) {
        return TokenProblem::WrongAlgorithm;
    }
    if (const auto problem = problemOf(keys, claimed, jws->signingInput, *signature)) {
        return *problem;
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
    if (jws.header.empty() || jws.signature.empty()) {
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
        return text::equalsIgnoringCase(type, known);
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

std::variant<JwsHeader, TokenProblem> readHeader(std::string_view bytes) {
    const text::JsonPtr header = text::parseJson(bytes, kHeaderLimits);
    if (!isAcceptable(header.get())) {
        return TokenProblem::BadHeader;
    }
    const auto algorithm = algorithmNamed(text::stringMember(header.get(), "alg").value_or(""));
    if (!algorithm) {
        return TokenProblem::WrongAlgorithm;
    }
    JwsHeader read{*algorithm, std::nullopt};
    if (const auto keyId = text::stringMember(header.get(), "kid")) {
        read.keyId.emplace(*keyId);
    }
    return read;
}

/// One that the token names; for a token that names none, every one.
bool isMeant(const VerificationKey& key, const JwsHeader& header) {
    return !header.keyId || key.keyId() == *header.keyId;
}

/// One without a name may be any that a token names.
bool isNameless(const VerificationKey& key, const JwsHeader& header) {
    return !isMeant(key, header) && key.keyId().empty();
}

bool isKnown(const VerificationKeys& keys, const std::string& keyId) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const auto& key) { return key->keyId() == keyId; });
}

/// Why no key verifies the token. A kid of nobody's comes first: its key may just have
/// been published, whatever its algorithm.
TokenProblem problemWithout(const VerificationKeys& keys, const JwsHeader& header,
                            std::size_t tries) {
    if (header.keyId && !isKnown(keys, *header.keyId)) {
        return TokenProblem::UnknownKey;
    }
    return tries == 0 ? TokenProblem::WrongAlgorithm : TokenProblem::BadSignature;
}

std::optional<TokenProblem> problemOf(const VerificationKeys& keys, const JwsHeader& header,
                                      std::string_view input, std::string_view signature) {
    std::size_t tries = 0;
    for (const auto isChosen : {isMeant, isNameless}) {
        for (const auto& key : keys) {
            if (!isChosen(*key, header) || !key->allows(header.algorithm)) {
                continue;
            }
            if (++tries > kMaxTries) {
                return problemWithout(keys, header, tries);
            }
            if (key->verify(header.algorithm, input, signature)) {
                return std::nullopt;
            }
        }
    }
    return problemWithout(keys, header, tries);
}

}  // namespace
}  // namespace edgerun::auth
