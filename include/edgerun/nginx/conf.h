#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edgerun/auth/claims.h"
#include "edgerun/engine/provider.h"
#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/problems.h"

extern "C" {
extern ngx_module_t ngx_http_edgerun_module;
extern ngx_module_t ngx_http_edgerun_filter_module;
}

namespace edgerun::nginx {

/// One edgerun_job_zone.
struct ZoneConf {
    std::string name;
    std::uint64_t ttl = 3'600'000;       ///< ms
    std::size_t maxAnswer = 256 * 1024;  ///< bytes
    ngx_shm_zone_t* shm = nullptr;
};

/// One edgerun_provider { }.
struct ProviderConf {
    engine::Provider provider;
    Place place;
};

/// A secret that locations share; wiped when the last one is gone.
class SecretText {
public:
    explicit SecretText(std::string text) : text_(std::move(text)) {}
    ~SecretText();
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;

    std::string_view view() const { return text_; }

private:
    std::string text_;
};

using SharedSecret = std::shared_ptr<const SecretText>;

/// Keys and claims that belong together. Workers make the keys.
struct VerifierConf {
    SharedSecret secret;
    auth::TokenPolicy policy;
};

/// edgerun_auth_jwt.
struct JwtRealm {
    bool on = false;
    std::string realm;
    Place place;
};

/// edgerun_jobs in one location.
struct JobsConf {
    std::string zoneName;
    std::string providerName;
    ngx_http_complex_value_t* assistant = nullptr;  ///< or the provider's default
    Place place;

    // Known when the whole configuration is.
    ngx_http_core_loc_conf_t* location = nullptr;
    std::string path;         ///< of the location, without trailing slash
    std::uint64_t scope = 0;  ///< jobs of another path are not seen here
    std::size_t zone = 0;     ///< index in MainConf::zones
    const engine::Provider* provider = nullptr;
    std::string missing;  ///< what the operator must set first, or empty
};

/// Read-only from the end of the configuration on: requests share it.
struct LocationConf {
    std::optional<JwtRealm> jwt;
    SharedSecret jwtSecret;  ///< null: none
    std::optional<auth::ClaimMap> claims;
    std::optional<std::vector<std::string>> requiredRoles;
    std::optional<std::vector<std::string>> requiredModules;
    Place requirePlace;
    std::optional<std::size_t> maxQuery;  ///< code points
    std::shared_ptr<JobsConf> jobs;       ///< inherited by "if" and "limit_except" only

    // Known when the whole configuration is.
    std::optional<std::size_t> verifier;  ///< index in MainConf::verifiers

    bool authenticates() const { return jwt && jwt->on; }
    bool isGated() const {
        return authenticates() || (requiredRoles && !requiredRoles->empty()) ||
               (requiredModules && !requiredModules->empty());
    }
};

inline constexpr std::size_t kDefaultMaxQuery = 12'000;

struct MainConf final : engine::ProviderDirectory {
    Problems problems;
    std::vector<std::unique_ptr<ProviderConf>> providers;
    std::vector<std::unique_ptr<ZoneConf>> zones;
    std::vector<VerifierConf> verifiers;
    std::vector<JobsConf*> jobs;  ///< of all locations

    const engine::Provider* findProvider(std::uint64_t key) const override;
    ProviderConf* providerNamed(std::string_view name) const;
    std::optional<std::size_t> zoneNamed(std::string_view name) const;
    std::size_t verifierFor(const SharedSecret& secret, const auth::ClaimMap& claims);
};

MainConf& mainConfOf(ngx_conf_t* cf);
const LocationConf& locationConfOf(ngx_http_request_t* r);

// NGINX's configuration life, for the module's table.
void* createMainConf(ngx_conf_t* cf) noexcept;
void* createLocationConf(ngx_conf_t* cf) noexcept;
char* mergeLocationConf(ngx_conf_t* cf, void* parent, void* child) noexcept;

/// Everything that needs the whole configuration: names that must exist, hosts
/// that must resolve. Adds to MainConf::problems.
void completeConf(ngx_conf_t* cf, MainConf& conf);

}  // namespace edgerun::nginx
