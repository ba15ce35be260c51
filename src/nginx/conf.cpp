#include "edgerun/nginx/conf.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/jobs_handler.h"

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

/// Where "edgerun_auth_jwt off" opens a location, what is required outside is
/// let go: there is nobody to have it.
void inheritRequirements(LocationConf& mine, const LocationConf& theirs) {
    if (mine.jwt && !mine.jwt->on) {
        return;
    }
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
}

void checkGate(ngx_conf_t* cf, Problems& problems, const LocationConf& conf) {
    if (conf.authenticates() && !conf.jwtSecret) {
        problems.add(cf, conf.jwt->place,
                     "\"edgerun_auth_jwt\" has no key; add for example "
                     "\"edgerun_auth_jwt_secret env:JWT_SECRET;\"");
    }
    if (conf.isGated() && !conf.authenticates()) {
        problems.add(cf, conf.requirePlace,
                     "a role or module is required where nobody is authenticated; add "
                     "\"edgerun_auth_jwt\"");
    }
}

}  // namespace

SecretText::~SecretText() {
    OPENSSL_cleanse(text_.data(), text_.size());
}

const engine::Provider* MainConf::findProvider(std::uint64_t key) const {
    for (const auto& provider : providers) {
        if (provider->provider.key == key) {
            return &provider->provider;
        }
    }
    return nullptr;
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

std::size_t MainConf::verifierFor(const SharedSecret& secret, const auth::ClaimMap& claims) {
    for (std::size_t i = 0; i < verifiers.size(); i++) {
        const auto& known = verifiers[i].policy.claims;
        if (verifiers[i].secret->view() == secret->view() && known == claims) {
            return i;
        }
    }
    verifiers.push_back({secret, {}});
    verifiers.back().policy.claims = claims;
    return verifiers.size() - 1;
}

MainConf& mainConfOf(ngx_conf_t* cf) {
    return *static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_edgerun_module));
}

const LocationConf& locationConfOf(ngx_http_request_t* r) {
    return *static_cast<const LocationConf*>(
        ngx_http_get_module_loc_conf(r, ngx_http_edgerun_module));
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

        inheritRequirements(mine, theirs);
        inherit(mine.jwt, theirs.jwt);
        if (mine.jwtSecret == nullptr) {
            mine.jwtSecret = theirs.jwtSecret;
        }
        inherit(mine.claims, theirs.claims);
        inherit(mine.maxQuery, theirs.maxQuery);

        MainConf& main = mainConfOf(cf);
        inheritHandler(cf, mine, theirs);
        // A server with locations may leave to them what it lacks itself.
        if (coreConfOf(cf)->name.len > 0 || coreConfOf(cf)->locations == nullptr) {
            checkGate(cf, main.problems, mine);
        }
        if (mine.authenticates() && mine.jwtSecret) {
            mine.verifier =
                main.verifierFor(mine.jwtSecret, mine.claims.value_or(auth::ClaimMap{}));
        }
        return NGX_CONF_OK;
    });
}

}  // namespace edgerun::nginx
