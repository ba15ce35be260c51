#include "edgerun/nginx/worker.h"

#include <cstdlib>
#include <string>

#include "edgerun/engine/stable_hash.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/job_zone.h"
#include "edgerun/nginx/quota_zone.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::nginx {

namespace {

constexpr std::size_t kCachedTokens = 4096;

/// The one piece of state that a process has.
std::unique_ptr<Worker>& slot() {
    static std::unique_ptr<Worker> worker;
    return worker;
}

#ifdef EDGERUN_CRASH_POINTS
/// Asked for first in the master: workers get a cleared environment.
const char* crashFile() {
    static const std::string path = [] {
        const char* const value = std::getenv("EDGERUN_CRASH_FILE");
        return value != nullptr ? value : "";
    }();
    return path.empty() ? nullptr : path.c_str();
}
#endif

engine::RunnerSettings runnerSettingsOf(const ZoneConf& zone, store::ProviderPage* providers,
                                        engine::QuotaBook* quotas, ngx_thread_pool_t* cleaners) {
    const ZoneMemory memory = memoryOf(*zone.shm);
    engine::RunnerSettings settings;
    settings.zoneName = zone.name;
    settings.memory = memory.address;
    settings.bytes = memory.bytes;
    settings.maxAnswer = zone.maxAnswer;
    settings.providers = providers;
    settings.quotas = quotas;
    settings.cleaners = cleaners;
    if (!zone.journal.empty()) {
        settings.journal = engine::JournalSettings{zone.name, zone.journal, zone.sync, zone.pool};
    }
    return settings;
}

ngx_int_t start(ngx_cycle_t* cycle) noexcept {
    return contain<ngx_int_t>(cycle->log, NGX_ERROR, [cycle]() -> ngx_int_t {
        const auto* conf = static_cast<const MainConf*>(
            ngx_http_cycle_get_module_main_conf(cycle, ngx_http_edgerun_module));
        const bool isUsed =
            conf != nullptr &&
            (!conf->zones.empty() || !conf->verifiers.empty() || !conf->keySources.empty() ||
             !conf->quotaZones.empty() || !conf->knowledgeBases.empty());
        if (!isUsed) {
            return NGX_OK;
        }
        slot() = Worker::create(*conf);
        return slot() != nullptr ? NGX_OK : NGX_ERROR;
    });
}

}  // namespace

Worker::Worker(const MainConf& conf) : conf_(conf), tokens_(kCachedTokens) {}

std::unique_ptr<Worker> Worker::create(const MainConf& conf) {
    std::unique_ptr<Worker> worker(new Worker(conf));
    const bool needsClient = !conf.zones.empty() || !conf.keySources.empty();
    if (needsClient && (worker->client_ = loop::HttpClient::create()) == nullptr) {
        return nullptr;
    }
    worker->makeSources(conf);
    worker->makeKeys(conf);
    worker->makeKnowledge(conf);
    return worker->makeQuotas(conf) && worker->makeRunners(conf) ? std::move(worker) : nullptr;
}

void Worker::makeSources(const MainConf& conf) {
    for (const auto& source : conf.keySources) {
        pages_.push_back(std::make_unique<KeySourcePage>(*source->shm));
        sources_.push_back(
            std::make_unique<engine::RemoteKeys>(source->source, pages_.back()->page(), *client_));
    }
}

void Worker::makeKeys(const MainConf& conf) {
    for (const auto& verifier : conf.verifiers) {
        std::vector<engine::RemoteKeys*> sources;
        for (const std::size_t source : verifier.ring->sources) {
            sources.push_back(sources_[source].get());
        }
        keys_.push_back(
            std::make_unique<VerifierKeys>(*verifier.ring, std::move(sources), lastKeysNumber_));
    }
}

void Worker::makeKnowledge(const MainConf& conf) {
    std::vector<const engine::KnowledgeSource*> sources;
    for (const auto& base : conf.knowledgeBases) {
        sources.push_back(&base->source);
    }
    knowledge_ = std::make_unique<engine::KnowledgeLibrary>(sources);
}

bool Worker::makeQuotas(const MainConf& conf) {
    std::vector<engine::QuotaZone> zones;
    for (const auto& zone : conf.quotaZones) {
        quotaLocks_.push_back(std::make_unique<ZoneLock>(*zone->shm));
        const ZoneMemory memory = quotaMemoryOf(*zone->shm);
        zones.push_back({zone->name, memory.address, memory.bytes, quotaLocks_.back().get(),
                         zone->journal, zone->pool});
    }
    quotas_ = engine::QuotaBook::create(zones, *this);
    return quotas_ != nullptr;
}

bool Worker::makeRunners(const MainConf& conf) {
    if (conf.providerZone != nullptr) {
        providers_.emplace(*conf.providerZone);
    }
    store::ProviderPage* const providers = providers_ ? &providers_->page() : nullptr;
    for (const auto& zone : conf.zones) {
        locks_.push_back(std::make_unique<ZoneLock>(*zone->shm));
        auto runner = engine::JobRunner::create(
            runnerSettingsOf(*zone, providers, quotas_.get(), conf.cleaners), *locks_.back(),
            *zone->wakeUp, *client_, conf);
        if (runner == nullptr) {
            return false;
        }
        runners_.push_back(std::move(runner));
    }
    return true;
}

/// One that is not there may be another process's, as long as not all are known. A leaving worker
/// does not know the zones of a newer configuration, nor the memory that they may have got.
engine::JobFate Worker::fateOf(std::uint64_t jobZone, const store::JobId& job) {
    using Kind = engine::JobFate::Kind;
    if (ngx_exiting) {
        return {};
    }
    for (std::size_t i = 0; i < runners_.size(); i++) {
        const ZoneConf& zone = *conf_.zones[i];
        if (engine::stableHash(zone.name) != jobZone) {
            continue;
        }
        engine::JobFate fate;
        fate.survivesRestarts = !zone.journal.empty();
        // Asked before the look, after which the job may be read as the last one.
        const bool areAllKnown = runners_[i]->isWhole();
        if (const auto found = runners_[i]->arena().snapshot(job)) {
            fate.kind = run::isFinal(found->record.status) ? Kind::Ended : Kind::Running;
            fate.record = found->record;
        } else {
            EDGERUN_CRASH_POINT(fate_unknown);
            fate.kind = areAllKnown ? Kind::Unknown : Kind::Undecided;
        }
        return fate;
    }
    engine::JobFate fate;
    fate.kind = Kind::Unknown;  // its zone is not configured any more
    return fate;
}

Worker* workerFor(ngx_http_request_t* r) {
    const auto* conf =
        static_cast<const MainConf*>(ngx_http_get_module_main_conf(r, ngx_http_edgerun_module));
    Worker* worker = slot().get();
    return worker != nullptr && conf != nullptr && worker->isFor(*conf) ? worker : nullptr;
}

/// With `master_process off`, a reload changes the configuration under the one
/// process without initProcess(): the worker is made anew for it, before the
/// old configuration's zones are unmapped.
ngx_int_t initModule(ngx_cycle_t* cycle) noexcept {
#ifdef EDGERUN_CRASH_POINTS
    crashFile();
#endif
    if (ngx_process != NGX_PROCESS_SINGLE || slot() == nullptr) {
        return NGX_OK;
    }
    slot().reset();
    return start(cycle);
}

ngx_int_t initProcess(ngx_cycle_t* cycle) noexcept {
    // Not in the cache manager and loader.
    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE) {
        return NGX_OK;
    }
#ifdef EDGERUN_CRASH_POINTS
    store::crashFile = crashFile();
#endif
    return start(cycle);
}

void exitProcess(ngx_cycle_t*) noexcept {
    slot().reset();
}

}  // namespace edgerun::nginx
