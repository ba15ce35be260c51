#include "edgerun/auth/claims.h"

#include "edgerun/text/json.h"

namespace edgerun::auth {
namespace {

constexpr text::JsonLimits kPayloadLimits{16 * 1024, 32};
constexpr double kLastSecond = 9007199254740992.0;  // 2^53: whole seconds stay exact
constexpr std::size_t kMaxElements = 256;
constexpr std::size_t kMaxElementBytes = 256;

std::optional<Validity> readValidity(const json_t* payload);
std::optional<std::string> readUser(const json_t* claim);
std::optional<std::vector<std::string>> readEntitlements(const json_t* claim);

/// Null when any object on the way is absent or something else.
const json_t* claimAt(const json_t* payload, const ClaimPath& path) {
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
    const text::JsonPtr parsed = text::parseJson(payload, kPayloadLimits);
    const ClaimMap& map = policy.claims;
    const json_t* object = parsed.get();
    if (!json_is_object(object)) {
        return TokenProblem::BadClaims;
    }
    const auto validity = readValidity(object);
    if (!validity) {
        return TokenProblem::BadClaims;
    }
    auto user = readUser(claimAt(object, map.user));
    if (!user) {
        return TokenProblem::NoUser;
    }
    auto roles = readEntitlements(claimAt(object, map.role));
    auto modules = readEntitlements(claimAt(object, map.modules));
    if (!roles || !modules) {
        return TokenProblem::BadEntitlements;
    }
    const OwnerKey owner = ownerKeyOf(*user);
    return Caller{{std::move(*user), std::move(*roles), std::move(*modules), std::nullopt, owner},
                  *validity,
                  std::string(payload)};
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

std::optional<Validity> readValidity(const json_t* payload) {
    const json_t* nbf = json_object_get(payload, "nbf");
    const json_t* iat = json_object_get(payload, "iat");
    const auto expires = secondsOf(json_object_get(payload, "exp"));
    const auto notBefore = nbf == nullptr ? std::optional(0.0) : secondsOf(nbf);
    if (!expires || !notBefore || (iat != nullptr && !json_is_number(iat))) {
        return std::nullopt;
    }
    return Validity{*expires, *notBefore};
}

/// C0, DEL, and C1 as UTF-8 has it: they would reach headers, variables, logs.
bool hasControlCharacter(std::string_view text) {
    unsigned char before = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F || (before == 0xC2 && byte < 0xA0)) {
            return true;
        }
        before = byte;
    }
    return false;
}

bool isUsable(std::string_view text) {
    return text.size() <= kMaxElementBytes && !hasControlCharacter(text);
}

std::optional<std::string> readUser(const json_t* claim) {
    // A number is not taken for a name: 1, 1.0 and "1" would be one user. Nor is
    // a name with blanks around it, which a header would lose.
    const std::string_view user = text::stringOf(claim);
    const bool isName = !user.empty() && user.front() != ' ' && user.back() != ' ';
    return isName && isUsable(user) ? std::optional<std::string>(user) : std::nullopt;
}

/// What one string of the claim stands for: itself, as one element. Identity
/// providers that put several into one string are to be understood here.
bool addElements(std::vector<std::string>& list, const json_t* value) {
    const std::string_view element = text::stringOf(value);
    if (!json_is_string(value) || !isUsable(element)) {
        return false;
    }
    if (!element.empty()) {
        list.emplace_back(element);
    }
    return list.size() <= kMaxElements;
}

std::optional<std::vector<std::string>> readEntitlements(const json_t* claim) {
    std::vector<std::string> list;
    if (claim == nullptr || json_is_null(claim)) {
        return list;
    }
    if (!json_is_array(claim)) {
        return addElements(list, claim) ? std::optional(std::move(list)) : std::nullopt;
    }
    for (std::size_t i = 0; i < json_array_size(claim); ++i) {
        if (!addElements(list, json_array_get(claim, i))) {
            return std::nullopt;
        }
    }
    return list;
}

}  // namespace
}  // namespace edgerun::auth
