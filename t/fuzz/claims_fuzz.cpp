// Payloads of tokens, as if their signatures were good: whatever is accepted is a caller that the
// gate can compare and show; a policy that demands more accepts no more.

#include <algorithm>

#include "edgerun/auth/claims.h"
#include "edgerun/text/json.h"
#include "property.h"

namespace edgerun::fuzz {
namespace {

constexpr text::JsonLimits kLimits{64 * 1024};

auth::TokenPolicy strictPolicy() {
    auth::TokenPolicy policy;
    policy.issuers = {"https://id.example", "https://other.example"};
    policy.audiences = {"simulations", "reports"};
    return policy;
}

auth::TokenPolicy nestedPolicy() {
    auth::TokenPolicy policy;
    policy.leeway = 60;
    policy.claims = {{"preferred_username"},
                     {"realm_access", "roles"},
                     {"resource_access", "llm", "roles"},
                     {"limits", "runs", "day"}};
    return policy;
}

void checkCaller(const auth::Caller& caller, std::string_view payload, double leeway) {
    constexpr double kLastSecond = 9007199254740992.0;
    mustBeIdentity(caller.identity);
    mustBeShowable(auth::joinList(caller.identity.roles));
    must(caller.payload == payload, "the payload is kept as it is");
    const double expires = caller.validity.expires;
    const double notBefore = caller.validity.notBefore;
    must(expires >= leeway && expires <= kLastSecond + leeway, "exp is in its range");
    must(notBefore >= -leeway && notBefore <= kLastSecond, "nbf is in its range");
    must(!caller.validity.holds(expires), "nothing holds when it expires");
    must(caller.standing == auth::Standing::Good, "only a directory changes the standing");
}

/// True if accepted.
bool checkPolicy(std::string_view payload, const auth::TokenPolicy& policy) {
    const auto result = auth::readClaims(payload, policy);
    if (const auto* caller = std::get_if<auth::Caller>(&result)) {
        checkCaller(*caller, payload, policy.leeway);
        return true;
    }
    mustBeShowable(auth::describe(std::get<auth::TokenProblem>(result)));
    return false;
}

bool names(const json_t* claim, const std::vector<std::string>& known) {
    return std::find(known.begin(), known.end(), text::stringOf(claim)) != known.end();
}

/// Read once more, in the plainest way.
void checkParties(std::string_view payload, const auth::TokenPolicy& policy) {
    const text::JsonPtr object = text::parseJson(payload, kLimits);
    must(names(json_object_get(object.get(), "iss"), policy.issuers), "iss is one of ours");
    const json_t* audience = json_object_get(object.get(), "aud");
    bool isNamed = names(audience, policy.audiences);
    for (std::size_t i = 0; i < json_array_size(audience); ++i) {
        isNamed = isNamed || names(json_array_get(audience, i), policy.audiences);
    }
    must(isNamed, "aud names one of ours");
}

void checkShown(const json_t* claim, const std::string& shown) {
    mustBeShowable(shown);
    must(text::isValidUtf8(shown), "a variable is UTF-8");
    if (json_is_array(claim) && !shown.empty()) {
        const auto commas = static_cast<std::size_t>(std::count(shown.begin(), shown.end(), ','));
        must(commas + 1 == json_array_size(claim), "a joined array tells its elements");
    }
    if (json_is_string(claim) && !shown.empty()) {
        must(shown == text::stringOf(claim), "a string is shown as it is");
    }
}

void checkVariables(std::string_view payload) {
    const text::JsonPtr object = text::parseJson(payload, kLimits);
    for (void* at = json_object_iter(object.get()); at != nullptr;
         at = json_object_iter_next(object.get(), at)) {
        const char* name = json_object_iter_key(at);
        checkShown(json_object_iter_value(at), auth::claimText(payload, name));
    }
}

}  // namespace
}  // namespace edgerun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgerun::fuzz;
    static const edgerun::auth::TokenPolicy kPlain;
    static const edgerun::auth::TokenPolicy kStrict = strictPolicy();
    static const edgerun::auth::TokenPolicy kNested = nestedPolicy();
    const std::string_view payload = textOf(data, size);

    const bool isAccepted = checkPolicy(payload, kPlain);
    if (checkPolicy(payload, kStrict)) {
        must(isAccepted, "a policy that demands more accepts no more");
        checkParties(payload, kStrict);
    }
    checkPolicy(payload, kNested);
    checkVariables(payload);
    mustLeaveNoOpensslError();
    return 0;
}
