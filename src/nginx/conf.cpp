#include "edgerun/nginx/conf.h"

#include <algorithm>

#include "edgerun/auth/jws.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/jobs_handler.h"
#include "edgerun/nginx/knowledge_calls.h"
#include "edgerun/nginx/quotas.h"

namespace edgerun::nginx {

namespace {

/// An object in NGINX's configuration memory, destroyed with it.
template <typename T>
T* createInPool(ngx_conf_t* cf) {
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    if (cleanup == nullptr) {
        return nullptr;
    }
    auto* object = new T();
    cleanup->data = object;
    cleanup->handler = [](void* data) { delete static_cast<T*>(data); };
    return object;
}

template <typename T>
void inherit(std::optional<T>& mine, const std::optional<T>& theirs) {
    if (!mine) {
        mine = theirs;
    }
}

/// Does this level itself turn a method off?
bool opens(const LocationConf& conf) {
    return (conf.jwt && !conf.jwt->on) || (conf.apiKeys && *conf.apiKeys == nullptr) ||
           (conf.identity && *conf.identity == nullptr);
}

void inheritMethods(LocationConf& mine, const LocationConf& theirs) {
    inherit(mine.jwt, theirs.jwt);
    if (mine.keyRing == nullptr) {
        mine.keyRing = theirs.keyRing;  // all of a level's keys or none
    }
    inherit(mine.algorithms, theirs.algorithms);
    inherit(mine.issuers, theirs.issuers);
    inherit(mine.audiences, theirs.audiences);
    inherit(mine.leeway, theirs.leeway);
    inherit(mine.claims, theirs.claims);
    inherit(mine.apiKeys, theirs.apiKeys);
    inherit(mine.identity, theirs.identity);
}

auth::TokenPolicy policyOf(const LocationConf& conf) {
    auth::TokenPolicy policy;
    policy.algorithms = conf.algorithms.value_or(auth::AlgorithmSet::all());
    policy.issuers = conf.issuers.value_or(std::vector<std::string>{});
    policy.audiences = conf.audiences.value_or(std::vector<std::string>{});
    policy.leeway = static_cast<double>(conf.leeway.value_or(0)) / 1000;
    policy.claims = conf.claims.value_or(auth::ClaimMap{});
    return policy;
}

void chooseMethods(MainConf& main, LocationConf& mine) {
    Authentication wanted;
    if (mine.usesJwt() && mine.keyRing) {
        wanted.verifier = main.verifierFor({mine.keyRing, policyOf(mine)});
        wanted.token = mine.jwt->token;
    }
    wanted.apiKeys = mine.apiKeys.value_or(nullptr);
    wanted.identity = mine.identity.value_or(nullptr);
    if (!(wanted == Authentication{})) {
        mine.authentication = main.authenticationFor(wanted);
    }
}

/// Where a level turns off what authenticates, what is required outside is
/// waived: there is nobody to have it. It counts again further down, where
/// somebody is authenticated.
void inheritRequirements(LocationConf& mine, const LocationConf& theirs, bool isOpened) {
    const bool hasOwn = mine.requiredRoles || mine.requiredModules;
    const bool isOpen = !mine.authenticates() && !mine.usesJwt();
    mine.isWaived = isOpen && !hasOwn && (isOpened || theirs.isWaived);
    inherit(mine.requiredRoles, theirs.requiredRoles);
    inherit(mine.requiredModules, theirs.requiredModules);
    if (mine.requirePlace.file.empty()) {
        mine.requirePlace = theirs.requirePlace;
    }
}

ngx_http_core_loc_conf_t* coreConfOf(ngx_conf_t* cf) {
    return static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
}

/// "if" and "limit_except" blocks are the same location under a condition.
void inheritHandler(ngx_conf_t* cf, LocationConf& mine, const LocationConf& theirs) {
    ngx_http_core_loc_conf_t* core = coreConfOf(cf);
    if (core->noname && core->handler == nullptr && theirs.jobs != nullptr) {
        mine.jobs = theirs.jobs;
        core->handler = jobsHandler;
    }
    if (core->noname && core->handler == nullptr && theirs.knowledgeHandler != nullptr) {
        mine.knowledgeHandler = theirs.knowledgeHandler;
        mine.knowledgeHandler->isGated |= mine.isGated();
        core->handler = handlerOf(*mine.knowledgeHandler);
    }
    if (core->noname && core->handler == nullptr && theirs.showsUsage) {
        mine.showsUsage = true;
        core->handler = usageHandler;
    }
}

bool hasFittingKey(const LocationConf& conf) {
    const auth::TokenPolicy policy = policyOf(conf);
    return !conf.keyRing->sources.empty() ||
           std::any_of(conf.keyRing->keys.begin(), conf.keyRing->keys.end(),
                       [&](const auto& key) { return key->algorithms().meets(policy.algorithms); });
}

bool hasTooManyNameless(const KeyRing& ring) {
    const auto nameless = std::count_if(ring.keys.begin(), ring.keys.end(),
                                        [](const auto& key) { return key->keyId().empty(); });
    return static_cast<std::size_t>(nameless) > auth::kMaxTries;
}

void checkGate(ngx_conf_t* cf, Problems& problems, const LocationConf& conf) {
    const ngx_http_core_loc_conf_t& core = *coreConfOf(cf);
    if (conf.usesJwt() && !conf.keyRing) {
        problems.add(cf, conf.jwt->place,
                     "\"edgerun_auth_jwt\" has no key; add for example "
                     "\"edgerun_auth_jwt_secret env:JWT_SECRET;\"");
    }
    if (conf.usesJwt() && conf.keyRing && !conf.keyRing->isFaulty && !hasFittingKey(conf)) {
        problems.add(cf, conf.jwt->place,
                     "no key of \"edgerun_auth_jwt\" fits \"edgerun_auth_jwt_algorithms\"");
    }
    if (conf.usesJwt() && conf.keyRing && hasTooManyNameless(*conf.keyRing)) {
        problems.add(cf, conf.jwt->place,
                     "\"edgerun_auth_jwt\" has more than " + std::to_string(auth::kMaxTries) +
                         " keys without \"kid\", of which a token is checked against no more; "
                         "name them in a JWK Set");
    }
    const auto identity = conf.identity.value_or(nullptr);
    if (identity != nullptr && !identity->isOfCertificate && core.satisfy == NGX_HTTP_SATISFY_ANY) {
        problems.add(
            cf, identity->place,
            "\"edgerun_auth_identity\" under \"satisfy any\" takes variables that have values "
            "though the module that set them refused the request; use \"satisfy all\", or "
            "$ssl_client_* alone");
    }
    if (conf.demands() && !conf.authenticates() && !conf.usesJwt()) {
        problems.add(cf, conf.requirePlace,
                     "a role or module is required where nobody is authenticated; add "
                     "\"edgerun_auth_jwt\", \"edgerun_auth_api_keys\" or "
                     "\"edgerun_auth_identity\"");
    }
}

}  // namespace

const engine::Provider* MainConf::findProvider(std::uint64_t key) const {
    for (const auto& provider : providers) {
        if (provider->provider.key == key) {
            return &provider->provider;
        }
    }
    return nullptr;
}

const engine::AssistantConf* MainConf::findAssistant(std::string_view name) const {
    const auto found = assistants.find(name);
    return found != assistants.end() ? &found->second->conf : nullptr;
}

const text::Sanitizer* MainConf::findSanitizer(std::string_view name) const {
    const auto found = sanitizers.find(name);
    return found != sanitizers.end() ? found->second.get() : nullptr;
}

ProviderConf* MainConf::providerNamed(std::string_view name) const {
    for (const auto& provider : providers) {
        if (provider->provider.name == name) {
            return provider.get();
        }
    }
    return nullptr;
}

std::optional<std::size_t> MainConf::zoneNamed(std::string_view name) const {
    for (std::size_t i = 0; i < zones.size(); i++) {
        if (zones[i]->name == name) {
            return i;
        }
    }
    return std::nullopt;
}

std::size_t MainConf::verifierFor(VerifierConf verifier) {
    for (std::size_t i = 0; i < verifiers.size(); i++) {
        if (verifiers[i].ring == verifier.ring && verifiers[i].policy == verifier.policy) {
            return i;
        }
    }
    verifiers.push_back(std::move(verifier));
    return verifiers.size() - 1;
}

const Authentication* MainConf::authenticationFor(const Authentication& wanted) {
    for (const auto& known : authentications) {
        if (*known == wanted) {
            return known.get();
        }
    }
    authentications.push_back(std::make_unique<const Authentication>(wanted));
    return authentications.back().get();
}

MainConf& mainConfOf(ngx_conf_t* cf) {
    return *static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_edgerun_module));
}

const MainConf& mainConfOf(const ngx_http_request_t* r) {
    return *static_cast<const MainConf*>(ngx_http_get_module_main_conf(r, ngx_http_edgerun_module));
}

const LocationConf& locationConfOf(const ngx_http_request_t* r) {
    return *static_cast<const LocationConf*>(
        ngx_http_get_module_loc_conf(r, ngx_http_edgerun_module));
}

const LocationConf& locationOf(const JobsConf& jobs) {
    return *static_cast<const LocationConf*>(
        jobs.location->loc_conf[ngx_http_edgerun_module.ctx_index]);
}

void* createMainConf(ngx_conf_t* cf) noexcept {
    return contain<void*>(cf->log, nullptr, [cf] { return createInPool<MainConf>(cf); });
}

void* createLocationConf(ngx_conf_t* cf) noexcept {
    return contain<void*>(cf->log, nullptr, [cf] { return createInPool<LocationConf>(cf); });
}

char* mergeLocationConf(ngx_conf_t* cf, void* parent, void* child) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        const auto& theirs = *static_cast<const LocationConf*>(parent);
        auto& mine = *static_cast<LocationConf*>(child);

        MainConf& main = mainConfOf(cf);
        const bool isOpened = opens(mine);
        inheritMethods(mine, theirs);
        chooseMethods(main, mine);
        inheritRequirements(mine, theirs, isOpened);
        inherit(mine.errorFormat, theirs.errorFormat);
        inherit(mine.challenge, theirs.challenge);
        inherit(mine.maxQuery, theirs.maxQuery);
        inherit(mine.maxWait, theirs.maxWait);
        inherit(mine.maxRunning, theirs.maxRunning);
        inherit(mine.startGuarantee, theirs.startGuarantee);
        inherit(mine.sanitizer, theirs.sanitizer);
        inherit(mine.knowledge, theirs.knowledge);
        inherit(mine.quotas, theirs.quotas);
        inheritHandler(cf, mine, theirs);
        // A server with locations may leave to them what it lacks itself.
        if (coreConfOf(cf)->name.len > 0 || coreConfOf(cf)->locations == nullptr) {
            checkGate(cf, main.problems, mine);
        }
        return NGX_CONF_OK;
    });
}

}  // namespace edgerun::nginx
