#include <openssl/crypto.h>

#include <algorithm>
#include <cctype>

#include "edgerun/auth/hmac_key.h"
#include "edgerun/auth/jws.h"
#include "edgerun/auth/key_set.h"
#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/location_directive.h"
#include "edgerun/nginx/operator_file.h"
#include "edgerun/nginx/parameters.h"
#include "edgerun/nginx/secret_argument.h"

/// Directives that say how callers are known: JWTs and their keys, API keys,
/// identities of others, the user directory.
namespace edgerun::nginx {

namespace {

KeyRing& ringOf(LocationConf& location) {
    if (location.keyRing == nullptr) {
        location.keyRing = std::make_shared<KeyRing>();
    }
    return *location.keyRing;
}

/// Notes that a key was refused, so that the ring is not called keyless too.
std::string noted(KeyRing& ring, std::string fault) {
    ring.isFaulty = ring.isFaulty || !fault.empty();
    return fault;
}

std::string addSecret(ngx_conf_t* cf, std::string_view spec, auth::Secret& secret, KeyRing& ring) {
    const std::string name = secret.isLiteral ? "" : " (" + std::string(spec) + ")";
    if (secret.value.empty()) {
        return "has no value: " + std::string(spec) +
               " is unset or empty; give it a secret of at least 32 bytes";
    }
    auto made = auth::makeHmacKey(secret.value);
    if (const auto* fault = std::get_if<const char*>(&made)) {
        return "is " + std::string(*fault) + name +
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
    ring.keys.push_back(std::get<auth::VerificationKeyPtr>(std::move(made)));
    return {};
}

std::string readJwtSecret(ngx_conf_t* cf, std::string_view spec, KeyRing& ring) {
    auto read = readSecretArgument(cf, spec);
    if (const auto* problem = std::get_if<auth::SecretProblem>(&read)) {
        return problem->message;
    }
    auto& secret = std::get<auth::Secret>(read);
    std::string fault = addSecret(cf, spec, secret, ring);
    OPENSSL_cleanse(secret.value.data(), secret.value.size());
    return fault;
}

bool holdsSecret(const auth::KeySet& set) {
    return std::any_of(set.keys.begin(), set.keys.end(), [](const auto& key) {
        return key->algorithms().meets(auth::kSecretAlgorithms);
    });
}

void addKeyFile(ngx_conf_t* cf, const OperatorFile& file, KeyRing& ring) {
    auto read = auth::readKeyFile(file.text.bytes);
    if (const auto* faults = std::get_if<auth::KeySetFaults>(&read)) {
        for (const auto& fault : *faults) {
            mainConfOf(cf).problems.add(
                cf, "\"edgerun_auth_jwt_key_file\" " + quoted(file.path) + ": " + fault);
        }
        ring.isFaulty = true;
        return;
    }
    auto& set = std::get<auth::KeySet>(read);
    for (const auto& reason : set.skipped) {
        warn(cf, "\"edgerun_auth_jwt_key_file\" " + quoted(file.path) + ": " + reason);
    }
    if (holdsSecret(set) && file.text.isOpenToOthers) {
        warn(cf, "\"edgerun_auth_jwt_key_file\" " + quoted(file.path) +
                     " holds a secret and is open to its group or to everybody; chmod 600 it");
    }
    ring.keys.insert(ring.keys.end(), set.keys.begin(), set.keys.end());
}

/// One line of nginx -t for each mistake in a file.
void addFaults(ngx_conf_t* cf, const OperatorFile& file, const auth::FileFaults& faults) {
    for (const auto& fault : faults) {
        mainConfOf(cf).problems.add(cf, {file.path, fault.line}, fault.message);
    }
}

void addApiKeys(ngx_conf_t* cf, const OperatorFile& file, LocationConf& location) {
    auto read = auth::ApiKeys::read(file.text.bytes);
    if (const auto* faults = std::get_if<auth::FileFaults>(&read)) {
        addFaults(cf, file, *faults);
        return;
    }
    **location.apiKeys = std::move(std::get<auth::ApiKeys>(read));
    mainConfOf(cf).apiKeys.push_back(*location.apiKeys);
}

struct IdentityName {
    std::string_view name;
    ngx_http_complex_value_t* IdentityVariables::*value;
};

constexpr IdentityName kIdentityNames[] = {
    {"user", &IdentityVariables::user},
    {"role", &IdentityVariables::role},
    {"modules", &IdentityVariables::modules},
};

/// The names in "$a-${b}", in lower case as NGINX knows them.
std::vector<std::string> variablesIn(std::string_view text) {
    std::vector<std::string> names;
    for (std::size_t at = 0; (at = text.find('$', at)) != std::string_view::npos;) {
        std::string& name = names.emplace_back();
        at += text.substr(at + 1, 1) == "{" ? 2 : 1;
        for (; at < text.size() &&
               (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
             at++) {
            name += static_cast<char>(std::tolower(static_cast<unsigned char>(text[at])));
        }
    }
    return names;
}

bool beginsWith(const std::string& text, std::string_view prefix) {
    return text.compare(0, prefix.size(), prefix) == 0;
}

bool isOfClient(const std::string& variable) {
    return beginsWith(variable, "http_") || beginsWith(variable, "arg_") ||
           beginsWith(variable, "cookie_");
}

bool isOfCertificate(const std::string& variable) {
    return beginsWith(variable, "ssl_client_");
}

void noteOrigin(ngx_conf_t* cf, std::string_view argument, IdentityVariables& variables) {
    const auto names = variablesIn(argument);
    if (std::any_of(names.begin(), names.end(), isOfClient)) {
        warn(cf, "\"edgerun_auth_identity\" takes " + quoted(argument) +
                     " from whoever sends the request; use a variable that the client cannot "
                     "set, for example one of auth_request_set");
    }
    if (!std::all_of(names.begin(), names.end(), isOfCertificate)) {
        variables.isOfCertificate = false;
    }
}

std::string readIdentityPart(ngx_conf_t* cf, std::string_view argument,
                             IdentityVariables& variables) {
    const NamedValue pair = splitNamed(argument);
    for (const auto& known : kIdentityNames) {
        if (!pair.found || known.name != pair.name) {
            continue;
        }
        auto* value = compileValue(cf, pair.value);
        // A constant would let everybody in under one name.
        if (value == nullptr || (known.name == "user" && value->lengths == nullptr)) {
            return "needs a variable in " + quoted(pair.name) + ", for example \"user=$auth_user\"";
        }
        variables.*known.value = value;
        noteOrigin(cf, argument, variables);
        return {};
    }
    return "takes user=$variable, role=$variable and modules=$variable, not " + quoted(argument);
}

std::string readIdentity(ngx_conf_t* cf, const std::vector<std::string_view>& arguments,
                         IdentityVariables& variables) {
    GivenNames given;
    for (const auto argument : arguments) {
        std::string fault = given.add(splitNamed(argument).name);
        if (fault.empty()) {
            fault = readIdentityPart(cf, argument, variables);
        }
        if (!fault.empty()) {
            return fault;
        }
    }
    return variables.user != nullptr ? "" : "needs user=$variable";
}

std::string readRealm(ngx_conf_t* cf, const std::vector<std::string_view>& arguments,
                      JwtRealm& realm) {
    realm.on = !isOff(arguments);
    realm.realm = arguments[0];
    if (!isPrintable(arguments[0])) {
        return "must be a realm without control characters";
    }
    if (arguments.size() == 1) {
        return {};
    }
    const NamedValue token = splitNamed(arguments[1]);
    if (token.name == "token" && token.found) {
        realm.token = compileValue(cf, token.value);
    }
    return realm.token != nullptr && realm.token->lengths != nullptr
               ? ""
               : "takes token=$variable, for example \"token=$cookie_session\", not " +
                     quoted(arguments[1]);
}

}  // namespace

char* setAuthJwt(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf,
                       [cf](LocationConf& location, const auto& arguments) -> std::string {
                           if (location.jwt) {
                               return "is duplicate";
                           }
                           JwtRealm& realm = location.jwt.emplace();
                           realm.place = placeOf(cf);
                           return readRealm(cf, arguments, realm);
                       });
}

char* setAuthJwtSecret(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) {
        KeyRing& ring = ringOf(location);
        return noted(ring, readJwtSecret(cf, arguments[0], ring));
    });
}

char* setAuthJwtKeyFile(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(
        cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) -> std::string {
            KeyRing& ring = ringOf(location);
            const auto file = readOperatorFile(cf, arguments[0], auth::kMaxKeySetBytes);
            if (const auto* problem = std::get_if<text::FileProblem>(&file)) {
                return noted(ring, problem->message);
            }
            addKeyFile(cf, std::get<OperatorFile>(file), ring);
            return {};
        });
}

char* setAuthJwtJwksUri(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) {
        KeyRing& ring = ringOf(location);
        std::size_t index = 0;
        std::string fault = noted(ring, readKeySource(cf, mainConfOf(cf), arguments, index));
        if (fault.empty()) {
            ring.sources.push_back(index);
        }
        return fault;
    });
}

char* setAuthApiKeys(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(
        cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) -> std::string {
            if (location.apiKeys) {
                return "is duplicate";
            }
            location.apiKeys.emplace();
            if (isOff(arguments)) {
                return {};
            }
            *location.apiKeys = std::make_shared<auth::ApiKeys>();
            const auto file = readOperatorFile(cf, arguments[0], auth::kMaxListFileBytes);
            if (const auto* problem = std::get_if<text::FileProblem>(&file)) {
                return problem->message;
            }
            addApiKeys(cf, std::get<OperatorFile>(file), location);
            return {};
        });
}

char* setAuthIdentity(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf,
                       [cf](LocationConf& location, const auto& arguments) -> std::string {
                           if (location.identity) {
                               return "is duplicate";
                           }
                           location.identity.emplace();
                           if (isOff(arguments)) {
                               return {};
                           }
                           auto variables = std::make_shared<IdentityVariables>();
                           variables->place = placeOf(cf);
                           std::string fault = readIdentity(cf, arguments, *variables);
                           *location.identity = std::move(variables);
                           return fault;
                       });
}

char* setUsers(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& main = *static_cast<MainConf*>(conf);
        const std::string name = quoted(loop::view(cmd->name));
        if (main.users) {
            main.problems.add(cf, name + " is duplicate");
            return NGX_CONF_OK;
        }
        main.users.emplace();
        const auto file = readOperatorFile(cf, argumentsOf(cf)[0], auth::kMaxListFileBytes);
        if (const auto* problem = std::get_if<text::FileProblem>(&file)) {
            main.problems.add(cf, name + " " + problem->message);
            return NGX_CONF_OK;
        }
        auto read = auth::UserDirectory::read(std::get<OperatorFile>(file).text.bytes);
        if (const auto* faults = std::get_if<auth::FileFaults>(&read)) {
            addFaults(cf, std::get<OperatorFile>(file), *faults);
            return NGX_CONF_OK;
        }
        main.users = std::move(std::get<auth::UserDirectory>(read));
        return NGX_CONF_OK;
    });
}

}  // namespace edgerun::nginx
