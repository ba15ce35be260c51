#include "edgerun/auth/claims.h"

#include <algorithm>
#include <charconv>

#include "claim_text.h"
#include "edgerun/text/json.h"

namespace edgerun::auth {
namespace {

constexpr double kLastSecond = 9007199254740992.0;  // 2^53: whole seconds stay exact

std::optional<TokenProblem> checkParties(const json_t* payload, const TokenPolicy& policy);
std::optional<Validity> readValidity(const json_t* payload, double leeway);
std::variant<Identity, TokenProblem> readIdentity(const json_t* payload, const ClaimMap& map);

/// "https://example.com/roles" is one name, though it looks like a path.
const json_t* claimOfWholeName(const json_t* payload, const ClaimPath& path) {
    std::string name;
    for (const std::string& part : path) {
        name += (name.empty() ? "" : ".") + part;
    }
    return json_object_get(payload, name.c_str());
}

/// Null when any object on the way is absent or something else.
const json_t* claimAt(const json_t* payload, const ClaimPath& path) {
    if (const json_t* whole = claimOfWholeName(payload, path)) {
        return whole;
    }
    const json_t* value = payload;
    for (const std::string& name : path) {
        value = json_object_get(value, name.c_str());
    }
    return value;
}

}  // namespace

std::optional<ClaimPath> parseClaimPath(std::string_view dotted) {
    ClaimPath path;
    for (std::size_t at = 0;;) {
        const std::size_t dot = dotted.find('.', at);
        const std::string_view name = dotted.substr(at, dot - at);
        if (name.empty()) {
            return std::nullopt;
        }
        path.emplace_back(name);
        if (dot == std::string_view::npos) {
            return path;
        }
        at = dot + 1;
    }
}

std::variant<Caller, TokenProblem> readClaims(std::string_view payload, const TokenPolicy& policy) {
    const text::JsonPtr object = text::parseJson(payload, kPayloadLimits);
    if (!json_is_object(object.get())) {
        return TokenProblem::BadClaims;
    }
    const auto validity = readValidity(object.get(), policy.leeway);
    if (!validity) {
        return TokenProblem::BadClaims;
    }
    if (const auto problem = checkParties(object.get(), policy)) {
        return *problem;
    }
    auto identity = readIdentity(object.get(), policy.claims);
    if (const auto* problem = std::get_if<TokenProblem>(&identity)) {
        return *problem;
    }
    return Caller{std::move(std::get<Identity>(identity)), *validity, std::string(payload)};
}

namespace {

/// Finite by the comparison: JSON has no NaN, and infinity is above the limit.
std::optional<double> secondsOf(const json_t* claim) {
    if (!json_is_number(claim)) {
        return std::nullopt;
    }
    const double seconds = json_number_value(claim);
    return seconds >= 0 && seconds <= kLastSecond ? std::optional(seconds) : std::nullopt;
}

std::optional<Validity> readValidity(const json_t* payload, double leeway) {
    const json_t* nbf = json_object_get(payload, "nbf");
    const json_t* iat = json_object_get(payload, "iat");
    const auto expires = secondsOf(json_object_get(payload, "exp"));
    const auto notBefore = nbf == nullptr ? std::optional(0.0) : secondsOf(nbf);
    if (!expires || !notBefore || (iat != nullptr && !json_is_number(iat))) {
        return std::nullopt;
    }
    return Validity{*expires + leeway, *notBefore - leeway};
}

bool isOneOf(const json_t* claim, const std::vector<std::string>& names) {
    return json_is_string(claim) &&
           std::find(names.begin(), names.end(), text::stringOf(claim)) != names.end();
}

/// An array with anything but strings in it is no audience, whatever else it holds.
bool namesOneOf(const json_t* audience, const std::vector<std::string>& names) {
    if (!json_is_array(audience)) {
        return isOneOf(audience, names);
    }
    bool isNamed = false;
    for (std::size_t i = 0; i < json_array_size(audience); ++i) {
        const json_t* element = json_array_get(audience, i);
        if (!json_is_string(element)) {
            return false;
        }
        isNamed = isNamed || isOneOf(element, names);
    }
    return isNamed;
}

std::optional<TokenProblem> checkParties(const json_t* payload, const TokenPolicy& policy) {
    if (!policy.issuers.empty() && !isOneOf(json_object_get(payload, "iss"), policy.issuers)) {
        return TokenProblem::WrongIssuer;
    }
    if (!policy.audiences.empty() &&
        !namesOneOf(json_object_get(payload, "aud"), policy.audiences)) {
        return TokenProblem::WrongAudience;
    }
    return std::nullopt;
}

bool isAbsent(const json_t* claim) {
    return claim == nullptr || json_is_null(claim);
}

/// False for entitlements of another kind than strings.
bool readList(const json_t* claim, std::vector<std::string>& list) {
    if (isAbsent(claim)) {
        return true;
    }
    if (!json_is_array(claim)) {
        return json_is_string(claim) && addSeparated(list, text::stringOf(claim));
    }
    for (std::size_t i = 0; i < json_array_size(claim); ++i) {
        const json_t* element = json_array_get(claim, i);
        if (!json_is_string(element) || !addElement(list, text::stringOf(element))) {
            return false;
        }
    }
    return true;
}

bool readLimit(const json_t* claim, std::optional<std::uint64_t>& limit) {
    if (isAbsent(claim)) {
        return true;
    }
    if (json_is_integer(claim)) {
        limit = static_cast<std::uint64_t>(json_integer_value(claim));
        return json_integer_value(claim) >= 0;
    }
    const std::string_view digits = text::stringOf(claim);
    const char* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, limit.emplace());
    return read.ec == std::errc() && read.ptr == end;
}

/// A number is not taken for a user's name: 1, 1.0 and "1" would be one user.
std::variant<Identity, TokenProblem> readIdentity(const json_t* payload, const ClaimMap& map) {
    Identity identity;
    const std::string_view user = text::stringOf(claimAt(payload, map.user));
    if (!isUserName(user)) {
        return TokenProblem::NoUser;
    }
    if (!readList(claimAt(payload, map.role), identity.roles) ||
        !readList(claimAt(payload, map.modules), identity.modules) ||
        !readLimit(claimAt(payload, map.limit), identity.limit)) {
        return TokenProblem::BadEntitlements;
    }
    identity.user = user;
    identity.owner = ownerKeyOf(user);
    return identity;
}

}  // namespace
}  // namespace edgerun::auth
