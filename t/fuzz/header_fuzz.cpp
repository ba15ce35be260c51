// Headers of tokens whose signature is always good: accepted exactly when the header is one that
// RFC 7515 and the module's own rules let through, told here once more in the plainest way.

#include <strings.h>

#include <algorithm>

#include "../unit/auth_signed_token.h"
#include "edgerun/auth/jws.h"
#include "edgerun/text/json.h"
#include "property.h"

namespace edgerun::fuzz {
namespace {

constexpr const char* kKeyId = "hmac";
constexpr const char* kPayload = R"({"sub":"anna"})";

bool isTokenType(const json_t* type) {
    constexpr const char* kTypes[] = {"jwt", "at+jwt", "application/jwt", "application/at+jwt"};
    return std::any_of(std::begin(kTypes), std::end(kTypes), [&](const char* known) {
        return strcasecmp(known, json_string_value(type)) == 0;
    });
}

/// The kid aside.
bool isGood(const json_t* header) {
    const json_t* type = json_object_get(header, "typ");
    return json_object_get(header, "crit") == nullptr &&
           json_object_get(header, "b64") == nullptr &&
           text::stringMember(header, "alg") == "HS256" &&
           (type == nullptr || (json_is_string(type) && isTokenType(type)));
}

void check(const std::string& token, const auth::VerificationKeys& keys, bool isExpected) {
    const auto payload = auth::verifyCompact(token, keys);
    must(std::holds_alternative<std::string>(payload) == isExpected, "the verdict of the rules");
    must(!isExpected || std::get<std::string>(payload) == kPayload, "the payload that was signed");
    mustLeaveNoOpensslError();
}

}  // namespace
}  // namespace edgerun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgerun;
    static const auth::VerificationKeys kNamed = {auth::hmacKey(auth::kTestSecret, fuzz::kKeyId),
                                                  auth::hmacKey(std::string(64, 'o'), "other")};
    static const auth::VerificationKeys kNameless = {auth::hmacKey(auth::kTestSecret)};

    const std::string_view bytes = fuzz::textOf(data, size);
    const std::string token = auth::signToken(bytes, fuzz::kPayload);
    const text::JsonPtr header = text::parseJson(bytes, {auth::kMaxTokenBytes});
    const json_t* keyId = json_object_get(header.get(), "kid");
    const bool isGood =
        token.size() <= auth::kMaxTokenBytes && fuzz::isGood(header.get()) &&
        (keyId == nullptr || (json_is_string(keyId) && json_string_length(keyId) <= 256));

    fuzz::check(token, kNameless, isGood);
    const bool namesOurs = keyId == nullptr || text::stringOf(keyId) == fuzz::kKeyId;
    fuzz::check(token, kNamed, isGood && namesOurs);
    return 0;
}
