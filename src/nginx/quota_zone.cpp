#include "edgerun/nginx/quota_zone.h"

#include <string>

#include "edgerun/engine/clocks.h"
#include "edgerun/engine/stable_hash.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/store/quota_counters.h"
#include "edgerun/store/quota_files.h"
#include "zone_parameters.h"

namespace edgerun::nginx {

namespace {

constexpr std::size_t kSizeStep = 32 * 1024;

/// Unlike that of other zones of ours: the memory of a job zone is none for counters, though it had
/// the same name before a reload.
const char kTag = 'q';

/// At the beginning of the memory that the counters get.
struct alignas(64) QuotaPreamble {
    std::uint64_t bytes;    ///< of the counters
    std::uint64_t journal;  ///< its directory's hash; 0: none
};

QuotaPreamble* preambleOf(const ngx_shm_zone_t& zone) {
    return static_cast<QuotaPreamble*>(poolOf(zone)->data);
}

std::uint64_t journalHashOf(const QuotaZoneConf& conf) {
    return conf.journal.empty() ? 0 : engine::stableHash(conf.journal);
}

ngx_int_t refuse(const ngx_shm_zone_t& zone, const std::string& problem) {
    ngx_log_error(NGX_LOG_EMERG, zone.shm.log, 0, "edgerun_quota_zone \"%V\" cannot be set up: %*s",
                  &zone.shm.name, problem.size(), problem.data());
    return NGX_ERROR;
}

void report(const ngx_shm_zone_t& zone, const store::QuotaLoad& load) {
    ngx_log_error(NGX_LOG_NOTICE, zone.shm.log, 0,
                  "edgerun: journal of the quota zone \"%V\": %uz records read", &zone.shm.name,
                  load.records);
    if (load.damaged != 0) {
        ngx_log_error(NGX_LOG_WARN, zone.shm.log, 0,
                      "edgerun: journal of the quota zone \"%V\": %uz bytes are no records",
                      &zone.shm.name, load.damaged);
    }
    if (load.leftOut != 0) {
        ngx_log_error(
            NGX_LOG_ERR, zone.shm.log, 0,
            "edgerun: journal of the quota zone \"%V\": %uz records do not fit, what they "
            "count is forgotten; give the zone more",
            &zone.shm.name, load.leftOut);
    }
}

ngx_int_t load(ngx_shm_zone_t& zone, const QuotaZoneConf& conf) {
    ZoneLock lock(zone);
    const ZoneMemory memory = quotaMemoryOf(zone);
    auto counters = store::QuotaCounters::attach(memory.address, memory.bytes, lock);
    if (!counters) {
        return refuse(zone, "its memory is not readable");
    }
    std::string problem;
    const auto loaded = store::loadQuotaFiles(conf.journal, *counters, engine::wallNow(), problem);
    if (!loaded) {
        return refuse(zone, problem);
    }
    report(zone, *loaded);
    return NGX_OK;
}

ngx_int_t carve(ngx_shm_zone_t& zone, const QuotaZoneConf& conf) {
    const ZoneMemory pages = takeAllPages(zone);
    if (pages.address == nullptr) {
        return refuse(zone, "its memory is not in one piece");
    }
    auto* preamble = static_cast<QuotaPreamble*>(pages.address);
    *preamble = {pages.bytes - sizeof(QuotaPreamble), journalHashOf(conf)};
    if (!store::QuotaCounters::format(preamble + 1, preamble->bytes)) {
        return refuse(zone, "it is too small");
    }
    poolOf(zone)->data = preamble;
    return conf.journal.empty() || ngx_test_config != 0 ? NGX_OK : load(zone, conf);
}

ngx_int_t make(ngx_shm_zone_t& zone, const QuotaZoneConf& conf) {
    const ngx_shm_zone_t* former = formerOf(zone);
    if (former != nullptr) {
        ngx_log_error(
            NGX_LOG_EMERG, zone.shm.log, 0,
            "edgerun_quota_zone \"%V\" exists with %uz bytes; to change its size, restart "
            "NGINX or give the zone a new name",
            &zone.shm.name, former->shm.size);
        return NGX_ERROR;
    }
    return carve(zone, conf);
}

/// A reload can still be rolled back here: nothing in the zone may change.
ngx_int_t takeOver(const ngx_shm_zone_t& zone, const QuotaZoneConf& conf) {
    const std::uint64_t journal = preambleOf(zone)->journal;
    if (journal != journalHashOf(conf)) {
        ngx_log_error(NGX_LOG_EMERG, zone.shm.log, 0,
                      "edgerun_quota_zone \"%V\" exists %s; to change that, restart NGINX or give "
                      "the zone a new name",
                      &zone.shm.name, journal == 0 ? "without a journal" : "with another journal");
        return NGX_ERROR;
    }
    return NGX_OK;
}

ngx_int_t init(ngx_shm_zone_t* zone, void* former) noexcept {
    return contain<ngx_int_t>(zone->shm.log, NGX_ERROR, [&]() -> ngx_int_t {
        const auto& conf = *static_cast<const QuotaZoneConf*>(zone->data);
        return former == nullptr ? make(*zone, conf) : takeOver(*zone, conf);
    });
}

}  // namespace

std::size_t leastQuotaZone() {
    std::size_t size = kSizeStep;
    while (usableOf(size, sizeof(QuotaPreamble)) < store::QuotaCounters::kMinimumBytes) {
        size += kSizeStep;
    }
    return size;
}

ngx_shm_zone_t* addQuotaZone(ngx_conf_t* cf, QuotaZoneConf& conf, std::size_t size) {
    ngx_str_t name = loop::copyTo(cf->pool, conf.name);
    ngx_shm_zone_t* zone = name.data == nullptr
                               ? nullptr
                               : ngx_shared_memory_add(cf, &name, size, const_cast<char*>(&kTag));
    if (zone != nullptr) {
        zone->init = init;
        zone->data = &conf;
    }
    return zone;
}

ZoneMemory quotaMemoryOf(const ngx_shm_zone_t& zone) {
    QuotaPreamble* preamble = preambleOf(zone);
    return {preamble + 1, static_cast<std::size_t>(preamble->bytes)};
}

}  // namespace edgerun::nginx
