#include <algorithm>
#include <set>

#include "edgerun/auth/hmac_key.h"
#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/secret_argument.h"

namespace edgerun::nginx {

namespace {

/// Does the work of one setter; returns what is wrong, or nothing.
template <typename Function>
char* set(ngx_conf_t* cf, ngx_command_t* cmd, void* conf, Function&& function) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& location = *static_cast<LocationConf*>(conf);
        const std::string fault = function(location, argumentsOf(cf));
        if (!fault.empty()) {
            mainConfOf(cf).problems.add(cf, quoted(loop::view(cmd->name)) + " " + fault);
        }
        return NGX_CONF_OK;
    });
}

std::string readHmacSecret(ngx_conf_t* cf, std::string_view spec, std::string& value) {
    auto read = readSecretArgument(cf, spec);
    if (const auto* problem = std::get_if<auth::SecretProblem>(&read)) {
        return problem->message;
    }
    auto& secret = std::get<auth::Secret>(read);
    const std::string name = secret.isLiteral ? "" : " (" + std::string(spec) + ")";
    if (secret.value.empty()) {
        return "has no value: " + std::string(spec) +
               " is unset or empty; give it a secret of at least 32 bytes";
    }
    if (const char* fault = auth::hmacSecretFault(secret.value)) {
        return "is " + std::string(fault) + name +
               "; make one for example with \"openssl rand -base64 48\"";
    }
    if (secret.isLiteral) {
        warn(cf,
             "the literal \"edgerun_auth_jwt_secret\" can be read by whoever reads the "
             "configuration; use env:NAME or file:PATH");
    }
    if (!secret.warning.empty()) {
        warn(cf, "\"edgerun_auth_jwt_secret\": " + secret.warning);
    }
    value = std::move(secret.value);
    return {};
}

struct ClaimName {
    std::string_view name;
    auth::ClaimPath auth::ClaimMap::*path;
};

constexpr ClaimName kClaims[] = {
    {"user", &auth::ClaimMap::user},
    {"role", &auth::ClaimMap::role},
    {"modules", &auth::ClaimMap::modules},
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
    return "knows user, role and modules, not " + quoted(pair.name);
}

std::string readNames(ngx_conf_t* cf, LocationConf& location,
                      std::optional<std::vector<std::string>>& list,
                      const std::vector<std::string_view>& arguments) {
    if (list) {
        return "is duplicate";
    }
    list.emplace(arguments.begin(), arguments.end());
    location.requirePlace = placeOf(cf);
    for (const auto& name : *list) {
        if (name.empty() || !isPrintable(name) || name.find(',') != std::string::npos) {
            return "takes names without commas and control characters, not " + quoted(name);
        }
    }
    return {};
}

}  // namespace

char* setAuthJwt(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return set(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) -> std::string {
        if (location.jwt) {
            return "is duplicate";
        }
        JwtRealm realm;
        realm.on = arguments[0] != "off";
        realm.realm = arguments[0];
        realm.place = placeOf(cf);
        location.jwt = realm;
        return isPrintable(arguments[0]) ? "" : "must be a realm without control characters";
    });
}

char* setAuthJwtSecret(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return set(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) -> std::string {
        if (location.jwtSecret) {
            return "is duplicate";
        }
        std::string value;
        std::string fault = readHmacSecret(cf, arguments[0], value);
        location.jwtSecret = std::make_shared<const SecretText>(std::move(value));
        return fault;
    });
}

char* setAuthJwtClaims(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return set(cf, cmd, conf, [](LocationConf& location, const auto& arguments) -> std::string {
        if (location.claims) {
            return "is duplicate";
        }
        auth::ClaimMap& map = location.claims.emplace();
        std::set<std::string_view> seen;
        for (const auto argument : arguments) {
            const std::string_view name = splitNamed(argument).name;
            if (!seen.insert(name).second) {
                return "takes " + quoted(name) + " once";
            }
            std::string fault = readClaim(argument, map);
            if (!fault.empty()) {
                return fault;
            }
        }
        return {};
    });
}

char* setRequireRole(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return set(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) {
        return readNames(cf, location, location.requiredRoles, arguments);
    });
}

char* setRequireModule(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return set(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) {
        return readNames(cf, location, location.requiredModules, arguments);
    });
}

}  // namespace edgerun::nginx
