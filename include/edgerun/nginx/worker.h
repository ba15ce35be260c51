#pragma once

#include <memory>
#include <vector>

#include "edgerun/auth/token_cache.h"
#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/knowledge_library.h"
#include "edgerun/engine/quota_book.h"
#include "edgerun/engine/remote_keys.h"
#include "edgerun/loop/http_client.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/key_source.h"
#include "edgerun/nginx/provider_zone.h"
#include "edgerun/nginx/verifier_keys.h"
#include "edgerun/nginx/zone_memory.h"

namespace edgerun::nginx {

/// Everything that one worker process has beyond its configuration. Made after
/// fork, ended before exit; bound to one configuration cycle.
class Worker final : private engine::JobFates {
public:
    /// Null (logged) when something cannot be set up.
    static std::unique_ptr<Worker> create(const MainConf& conf);

    /// Its parts belong to this configuration and to no other.
    bool isFor(const MainConf& conf) const { return &conf_ == &conf; }

    VerifierKeys& keysOf(std::size_t verifier) { return *keys_[verifier]; }
    auth::TokenCache& tokens() { return tokens_; }
    engine::JobRunner& runnerOf(std::size_t zone) { return *runners_[zone]; }
    engine::QuotaBook& quotas() { return *quotas_; }
    engine::KnowledgeLibrary& knowledge() { return *knowledge_; }

private:
    explicit Worker(const MainConf& conf);

    void makeSources(const MainConf& conf);
    void makeKeys(const MainConf& conf);
    void makeKnowledge(const MainConf& conf);
    bool makeQuotas(const MainConf& conf);
    bool makeRunners(const MainConf& conf);
    engine::JobFate fateOf(std::uint64_t jobZone, const store::JobId& job) override;

    const MainConf& conf_;
    // In this order: what comes later uses what comes earlier.
    auth::TokenCache tokens_;
    std::unique_ptr<loop::HttpClient> client_;
    std::vector<std::unique_ptr<KeySourcePage>> pages_;
    std::vector<std::unique_ptr<engine::RemoteKeys>> sources_;
    std::vector<std::unique_ptr<VerifierKeys>> keys_;
    std::uint64_t lastKeysNumber_ = 0;
    std::optional<ProviderZonePage> providers_;
    std::unique_ptr<engine::KnowledgeLibrary> knowledge_;
    std::vector<std::unique_ptr<ZoneLock>> quotaLocks_;
    std::unique_ptr<engine::QuotaBook> quotas_;
    std::vector<std::unique_ptr<ZoneLock>> locks_;
    std::vector<std::unique_ptr<engine::JobRunner>> runners_;
};

/// This process's worker, for a request of the configuration that it was made
/// for; null for others, and in a process that has none. With `master_process
/// off`, connections outlive their configuration.
Worker* workerFor(ngx_http_request_t* r);

// NGINX's process life, for the module's table.
ngx_int_t initModule(ngx_cycle_t* cycle) noexcept;
ngx_int_t initProcess(ngx_cycle_t* cycle) noexcept;
void exitProcess(ngx_cycle_t* cycle) noexcept;

}  // namespace edgerun::nginx
