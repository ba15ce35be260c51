#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edgerun/auth/api_keys.h"
#include "edgerun/auth/claims.h"
#include "edgerun/auth/user_directory.h"
#include "edgerun/auth/verification_key.h"
#include "edgerun/engine/journal.h"
#include "edgerun/engine/provider.h"
#include "edgerun/loop/ngx.h"
#include "edgerun/loop/wake_up.h"
#include "edgerun/nginx/error_format.h"
#include "edgerun/nginx/key_source.h"
#include "edgerun/nginx/knowledge_conf.h"
#include "edgerun/nginx/problems.h"
#include "edgerun/nginx/quota_conf.h"
#include "edgerun/run/record.h"
#include "edgerun/text/sanitizer.h"

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
    std::string journal;                 ///< its directory, absolute; or empty
    engine::JournalSync sync = engine::JournalSync::Always;
    ngx_thread_pool_t* pool = nullptr;  ///< the journal's
    ngx_shm_zone_t* shm = nullptr;
    /// One for the zone's memory, whichever configurations use it.
    std::shared_ptr<loop::SharedWakeUp> wakeUp;
};

/// One edgerun_provider { }.
struct ProviderConf {
    engine::Provider provider;
    Place place;
    Place assistantPlace;  ///< of its "assistant", if it has one
};

/// One edgerun_assistant { }.
struct AssistantBlock {
    engine::AssistantConf conf;
    Place place;
};

/// What edgerun_auth_jwt_secret, _key_file and _jwks_uri of one level name.
struct KeyRing {
    auth::VerificationKeys keys;       ///< of secrets and files
    std::vector<std::size_t> sources;  ///< indices in MainConf::keySources
    bool isFaulty = false;             ///< one of them was refused
};

/// Keys and policy that belong together.
struct VerifierConf {
    std::shared_ptr<const KeyRing> ring;
    auth::TokenPolicy policy;
};

/// edgerun_auth_jwt.
struct JwtRealm {
    bool on = false;
    std::string realm;
    ngx_http_complex_value_t* token = nullptr;  ///< or the Authorization header
    Place place;
};

/// edgerun_auth_identity; null members were not named.
struct IdentityVariables {
    ngx_http_complex_value_t* user = nullptr;
    ngx_http_complex_value_t* role = nullptr;
    ngx_http_complex_value_t* modules = nullptr;
    /// Only $ssl_client_*: who has these has been verified by NGINX's TLS. Others
    /// may have values though the module that set them refused the request.
    bool isOfCertificate = true;
    Place place;
};

/// All methods by which one location knows its callers. Locations that accept
/// the same share one: what it found out about a request holds in all of them.
struct Authentication {
    std::optional<std::size_t> verifier;  ///< of JWTs: index in MainConf::verifiers
    ngx_http_complex_value_t* token = nullptr;
    std::shared_ptr<auth::ApiKeys> apiKeys;
    std::shared_ptr<const IdentityVariables> identity;

    bool operator==(const Authentication& other) const {
        return verifier == other.verifier && token == other.token && apiKeys == other.apiKeys &&
               identity == other.identity;
    }
};

/// edgerun_jobs in one location.
struct JobsConf {
    std::string zoneName;
    std::string providerName;
    std::string fallbackName;                       ///< of another provider, or empty
    std::string assistantName;                      ///< a name or an id; or empty
    ngx_http_complex_value_t* assistant = nullptr;  ///< chooses by request; or null
    bool isSync = false;                            ///< POST waits for the job's end
    Place place;

    // Known when the whole configuration is.
    ngx_http_core_loc_conf_t* location = nullptr;
    std::string path;         ///< of the location, without trailing slash
    std::uint64_t scope = 0;  ///< jobs of another path are not seen here
    std::size_t zone = 0;     ///< index in MainConf::zones
    const engine::Provider* provider = nullptr;
    const engine::Provider* fallback = nullptr;  ///< or null
    std::string missing;                         ///< what the operator must set first, or empty
};

/// Read-only from the end of the configuration on: requests share it.
struct LocationConf {
    std::optional<JwtRealm> jwt;
    std::shared_ptr<KeyRing> keyRing;  ///< null: this level names no keys
    std::optional<auth::AlgorithmSet> algorithms;
    std::optional<std::vector<std::string>> issuers;
    std::optional<std::vector<std::string>> audiences;
    std::optional<std::uint64_t> leeway;  ///< ms
    std::optional<auth::ClaimMap> claims;
    std::optional<std::shared_ptr<auth::ApiKeys>> apiKeys;  ///< null inside: off
    std::optional<std::shared_ptr<const IdentityVariables>> identity;
    std::optional<std::vector<std::string>> requiredRoles;  ///< empty inside: off
    std::optional<std::vector<std::string>> requiredModules;
    Place requirePlace;
    std::optional<ErrorFormat> errorFormat;
    std::optional<ngx_http_complex_value_t*> challenge;  ///< more of WWW-Authenticate; null: off
    std::optional<std::size_t> maxQuery;                 ///< code points
    std::optional<std::uint64_t> maxWait;                ///< ms that a client may wait
    std::optional<std::uint32_t> maxRunning;             ///< jobs of one user; 0: any number
    std::optional<run::StartGuarantee> startGuarantee;
    std::optional<std::string> sanitizer;  ///< in MainConf::sanitizers; empty: off
    std::optional<std::shared_ptr<KnowledgeUse>> knowledge;         ///< null inside: off
    std::optional<std::vector<std::shared_ptr<QuotaConf>>> quotas;  ///< empty inside: off
    std::shared_ptr<KnowledgeHandlerConf> knowledgeHandler;
    bool showsUsage = false;         ///< edgerun_usage
    std::shared_ptr<JobsConf> jobs;  ///< inherited by "if" and "limit_except" only

    // Known when levels are merged.
    const Authentication* authentication = nullptr;
    bool isWaived = false;  ///< what is required: there is nobody to have it

    bool usesJwt() const { return jwt && jwt->on; }
    bool authenticates() const { return authentication != nullptr; }
    bool demands() const {
        return !isWaived && ((requiredRoles && !requiredRoles->empty()) ||
                             (requiredModules && !requiredModules->empty()));
    }
    /// A handler of ours makes the responses.
    bool answersItself() const {
        return jobs != nullptr || knowledgeHandler != nullptr || showsUsage;
    }
    /// Also where nobody can be authenticated, for want of a key: nobody passes.
    bool isGated() const { return usesJwt() || authenticates() || demands(); }
};

inline constexpr std::size_t kDefaultMaxQuery = 12'000;
inline constexpr std::uint64_t kDefaultMaxWait = 60'000;

/// edgerun_usage in one location.
struct UsageConf {
    Place place;
    const LocationConf* location = nullptr;
};

struct MainConf final : engine::ProviderDirectory {
    Problems problems;
    std::vector<std::unique_ptr<ProviderConf>> providers;
    ngx_shm_zone_t* providerZone = nullptr;  ///< null without providers
    std::map<std::string, std::unique_ptr<AssistantBlock>, std::less<>> assistants;
    std::vector<std::unique_ptr<ZoneConf>> zones;
    std::vector<std::unique_ptr<KeySourceConf>> keySources;
    std::vector<VerifierConf> verifiers;
    std::vector<std::unique_ptr<const Authentication>> authentications;
    std::vector<std::shared_ptr<auth::ApiKeys>> apiKeys;  ///< of all files
    std::optional<auth::UserDirectory> users;
    std::vector<JobsConf*> jobs;  ///< of all locations
    std::map<std::string, std::unique_ptr<text::Sanitizer>, std::less<>> sanitizers;  ///< by file
    ngx_thread_pool_t* cleaners = nullptr;  ///< the sanitizers', of long answers
    std::vector<std::unique_ptr<KnowledgeBaseConf>> knowledgeBases;
    std::vector<std::shared_ptr<KnowledgeUse>> knowledgeUses;  ///< of all locations
    std::vector<std::shared_ptr<KnowledgeHandlerConf>> knowledgeHandlers;
    std::vector<std::unique_ptr<QuotaZoneConf>> quotaZones;
    std::vector<std::shared_ptr<QuotaConf>> quotas;  ///< of all locations
    std::vector<UsageConf> usages;
    /// One for each time zone that quotas name.
    std::map<std::string, std::shared_ptr<const store::QuotaCalendar>, std::less<>> calendars;

    const engine::Provider* findProvider(std::uint64_t key) const override;
    const engine::AssistantConf* findAssistant(std::string_view name) const override;
    const text::Sanitizer* findSanitizer(std::string_view name) const override;
    ProviderConf* providerNamed(std::string_view name) const;
    std::optional<std::size_t> zoneNamed(std::string_view name) const;
    std::size_t verifierFor(VerifierConf verifier);
    const Authentication* authenticationFor(const Authentication& wanted);
};

MainConf& mainConfOf(ngx_conf_t* cf);
const MainConf& mainConfOf(const ngx_http_request_t* r);
const LocationConf& locationConfOf(const ngx_http_request_t* r);
/// Where the jobs are, once levels are merged.
const LocationConf& locationOf(const JobsConf& jobs);

// NGINX's configuration life, for the module's table.
void* createMainConf(ngx_conf_t* cf) noexcept;
void* createLocationConf(ngx_conf_t* cf) noexcept;
char* mergeLocationConf(ngx_conf_t* cf, void* parent, void* child) noexcept;

/// Everything that needs the whole configuration: names that must exist, hosts
/// that must resolve. Adds to MainConf::problems.
void completeConf(ngx_conf_t* cf, MainConf& conf);
/// The parts of it that are about jobs and who runs them, knowledge bases, and quotas.
void completeJobs(ngx_conf_t* cf, MainConf& conf);
void completeKnowledge(ngx_conf_t* cf, MainConf& conf);
void completeQuotas(ngx_conf_t* cf, MainConf& conf);

}  // namespace edgerun::nginx
