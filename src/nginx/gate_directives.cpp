#include <algorithm>

#include "edgerun/auth/identity.h"
#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/location_directive.h"
#include "edgerun/nginx/parameters.h"

/// Directives that say what a caller must have, and how refusals look.
namespace edgerun::nginx {

namespace {

constexpr std::uint64_t kMaxLeeway = 3'600'000;  // ms

struct ClaimName {
    std::string_view name;
    auth::ClaimPath auth::ClaimMap::*path;
};

constexpr ClaimName kClaims[] = {
    {"user", &auth::ClaimMap::user},
    {"role", &auth::ClaimMap::role},
    {"modules", &auth::ClaimMap::modules},
    {"limit", &auth::ClaimMap::limit},
};

std::string readClaim(std::string_view argument, auth::ClaimMap& map) {
    const NamedValue pair = splitNamed(argument);
    const auto path = pair.found ? auth::parseClaimPath(pair.value) : std::nullopt;
    if (!path) {
        return "takes NAME=CLAIM, for example \"role=role\", not " + quoted(argument);
    }
    for (const auto& claim : kClaims) {
        if (claim.name == pair.name) {
            map.*claim.path = *path;
            return {};
        }
    }
    return "knows user, role, modules and limit, not " + quoted(pair.name);
}

/// What a list takes, and how that is said.
struct NameRule {
    bool (*accepts)(std::string_view name);
    const char* text;
};

constexpr NameRule kText{[](std::string_view name) { return !name.empty() && isPrintable(name); },
                         "takes names without control characters, not "};
constexpr NameRule kElement{auth::isElement,
                            "takes names without commas and control characters, without blanks "
                            "around them, of at most 256 bytes of UTF-8, not "};

/// A list that a level below may turn off.
std::string readList(std::optional<std::vector<std::string>>& list,
                     const std::vector<std::string_view>& arguments, const NameRule& rule) {
    if (list) {
        return "is duplicate";
    }
    list.emplace();
    if (isOff(arguments)) {
        return {};
    }
    list->assign(arguments.begin(), arguments.end());
    for (const auto& name : *list) {
        if (!rule.accepts(name)) {
            return rule.text + quoted(name);
        }
    }
    return {};
}

std::string readAlgorithms(const std::vector<std::string_view>& arguments,
                           auth::AlgorithmSet& algorithms) {
    for (const auto name : arguments) {
        const auto algorithm = auth::algorithmNamed(name);
        if (!algorithm) {
            return "knows HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, "
                   "ES384, ES512 and EdDSA, not " +
                   quoted(name);
        }
        algorithms.add(*algorithm);
    }
    return {};
}

struct FormatName {
    std::string_view name;
    ErrorFormat format;
};

constexpr FormatName kFormats[] = {
    {"simple", ErrorFormat::Simple},
    {"problem", ErrorFormat::Problem},
    {"openai", ErrorFormat::OpenAi},
};

}  // namespace

char* setAuthJwtAlgorithms(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [](LocationConf& location, const auto& arguments) {
        if (location.algorithms) {
            return std::string("is duplicate");
        }
        return readAlgorithms(arguments, location.algorithms.emplace());
    });
}

char* setAuthJwtIssuer(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [](LocationConf& location, const auto& arguments) {
        return readList(location.issuers, arguments, kText);
    });
}

char* setAuthJwtAudience(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [](LocationConf& location, const auto& arguments) {
        return readList(location.audiences, arguments, kText);
    });
}

char* setAuthJwtLeeway(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf,
                       [](LocationConf& location, const auto& arguments) -> std::string {
                           if (location.leeway) {
                               return "is duplicate";
                           }
                           const auto leeway = parseTime(arguments[0]);
                           location.leeway = leeway.value_or(0);
                           return leeway && *leeway <= kMaxLeeway
                                      ? ""
                                      : "must be a time up to 1h, for example \"30s\", not " +
                                            quoted(arguments[0]);
                       });
}

char* setAuthJwtClaims(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf,
                       [](LocationConf& location, const auto& arguments) -> std::string {
                           if (location.claims) {
                               return "is duplicate";
                           }
                           auth::ClaimMap& map = location.claims.emplace();
                           GivenNames given;
                           for (const auto argument : arguments) {
                               std::string fault = given.add(splitNamed(argument).name);
                               if (fault.empty()) {
                                   fault = readClaim(argument, map);
                               }
                               if (!fault.empty()) {
                                   return fault;
                               }
                           }
                           return {};
                       });
}

char* setRequireRole(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) {
        location.requirePlace = placeOf(cf);
        return readList(location.requiredRoles, arguments, kElement);
    });
}

char* setRequireModule(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) {
        location.requirePlace = placeOf(cf);
        return readList(location.requiredModules, arguments, kElement);
    });
}

char* setErrorFormat(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf,
                       [](LocationConf& location, const auto& arguments) -> std::string {
                           if (location.errorFormat) {
                               return "is duplicate";
                           }
                           for (const auto& known : kFormats) {
                               if (known.name == arguments[0]) {
                                   location.errorFormat = known.format;
                                   return {};
                               }
                           }
                           return "must be simple, problem or openai, not " + quoted(arguments[0]);
                       });
}

char* setAuthChallenge(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(
        cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) -> std::string {
            if (location.challenge) {
                return "is duplicate";
            }
            location.challenge.emplace(nullptr);
            if (isOff(arguments)) {
                return {};
            }
            location.challenge =
                isPrintable(arguments[0]) ? compileValue(cf, arguments[0]) : nullptr;
            return *location.challenge != nullptr
                       ? ""
                       : "must be parameters of WWW-Authenticate without control characters, for "
                         "example 'resource_metadata=\"https://example.com/metadata\"'";
        });
}

}  // namespace edgerun::nginx
