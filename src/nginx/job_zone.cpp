#include "edgerun/nginx/job_zone.h"

#include <openssl/rand.h>

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/directives.h"

namespace edgerun::nginx {

namespace {

/// A job's JSON holds the answer, escaped, and its other members. An answer
/// that grows by more than half when it is escaped is cut a little earlier.
constexpr std::size_t kEscapePercent = 150;
constexpr std::size_t kOtherMembers = 16 * 1024;
constexpr std::size_t kLeastZone = 128 * 1024;

/// At the beginning of the memory that the arena gets.
struct alignas(64) ZonePreamble {
    std::uint64_t bytes;  ///< of the arena
    std::uint64_t ttl;
    std::uint64_t maxAnswer;
};

ngx_slab_pool_t* poolOf(const ngx_shm_zone_t& zone) {
    return reinterpret_cast<ngx_slab_pool_t*>(zone.shm.addr);
}

ZonePreamble* preambleOf(const ngx_shm_zone_t& zone) {
    return static_cast<ZonePreamble*>(poolOf(zone)->data);
}

store::ArenaLimits limitsOf(const ZoneConf& conf) {
    return {conf.ttl, conf.maxAnswer * kEscapePercent / 100 + kOtherMembers};
}

ngx_int_t carve(ngx_shm_zone_t& zone, const ZoneConf& conf) {
    ngx_slab_pool_t* pool = poolOf(zone);
    pool->log_nomem = 0;
    // All free pages in one piece: NGINX keeps its mutex, we divide the rest.
    const std::size_t bytes = pool->pfree << ngx_pagesize_shift;
    void* memory = ngx_slab_alloc(pool, bytes);
    store::JobIdSecret secret;
    if (memory == nullptr || RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1) {
        ngx_log_error(NGX_LOG_EMERG, zone.shm.log, 0, "edgerun_job_zone \"%V\" cannot be set up",
                      &zone.shm.name);
        return NGX_ERROR;
    }

    auto* preamble = static_cast<ZonePreamble*>(memory);
    *preamble = {bytes - sizeof(ZonePreamble), conf.ttl, conf.maxAnswer};
    if (!store::JobArena::format(preamble + 1, preamble->bytes, limitsOf(conf), secret)) {
        ngx_log_error(NGX_LOG_EMERG, zone.shm.log, 0,
                      "edgerun_job_zone \"%V\" is too small for max_answer=%uz; give it more, "
                      "or lower max_answer",
                      &zone.shm.name, conf.maxAnswer);
        return NGX_ERROR;
    }
    pool->data = memory;
    return NGX_OK;
}

/// A reload can still be rolled back here: nothing in the zone may change.
ngx_int_t takeOver(const ngx_shm_zone_t& zone, const ZoneConf& conf) {
    const ZonePreamble* preamble = preambleOf(zone);
    if (preamble->ttl == conf.ttl && preamble->maxAnswer == conf.maxAnswer) {
        return NGX_OK;
    }
    ngx_log_error(NGX_LOG_EMERG, zone.shm.log, 0,
                  "edgerun_job_zone \"%V\" exists with ttl=%uLms max_answer=%uL; to change them, "
                  "restart NGINX or give the zone a new name",
                  &zone.shm.name, preamble->ttl, preamble->maxAnswer);
    return NGX_ERROR;
}

/// The zone of the same name in the configuration that is in force, if it has
/// another size: NGINX would make a new one, and the jobs would be lost.
const ngx_shm_zone_t* otherSize(const ngx_shm_zone_t& zone) {
    auto* cycle = const_cast<ngx_cycle_t*>(ngx_cycle);
    for (ngx_list_part_t* part = &cycle->shared_memory.part; part != nullptr; part = part->next) {
        const auto* zones = static_cast<const ngx_shm_zone_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (zones[i].tag == zone.tag &&
                loop::view(zones[i].shm.name) == loop::view(zone.shm.name) &&
                zones[i].shm.size != zone.shm.size) {
                return &zones[i];
            }
        }
    }
    return nullptr;
}

ngx_int_t initZone(ngx_shm_zone_t* zone, void* former) noexcept {
    const auto& conf = *static_cast<const ZoneConf*>(zone->data);
    if (former != nullptr || zone->shm.exists) {
        return takeOver(*zone, conf);
    }
    if (const ngx_shm_zone_t* existing = otherSize(*zone)) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "edgerun_job_zone \"%V\" exists with %uz bytes; to change its size, restart "
                      "NGINX or give the zone a new name",
                      &zone->shm.name, existing->shm.size);
        return NGX_ERROR;
    }
    return carve(*zone, conf);
}

struct ZoneDraft {
    ZoneConf conf;
    std::size_t size = 0;
};

/// What NGINX's slab allocator leaves of a zone, at least.
std::size_t usableOf(std::size_t size) {
    return size - size / 128 - 4 * ngx_pagesize - sizeof(ZonePreamble);
}

std::string checkSize(const ZoneDraft& draft) {
    const store::ArenaLimits limits = limitsOf(draft.conf);
    std::size_t enough = kLeastZone;
    while (!store::JobArena::fits(usableOf(enough), limits)) {
        enough += kLeastZone;
    }
    if (draft.size >= enough) {
        return {};
    }
    return "the zone " + quoted(draft.conf.name) + " is too small for its max_answer; give it " +
           std::to_string(enough / 1024) + "k or more, or lower max_answer";
}

std::string readZone(std::string_view value, ZoneDraft& draft) {
    const auto colon = value.find(':');
    const auto size =
        colon == std::string_view::npos ? std::nullopt : parseSize(value.substr(colon + 1));
    if (!size || colon == 0) {
        return "\"zone\" must be NAME:SIZE, for example \"zone=jobs:64m\", not " + quoted(value);
    }
    draft.conf.name = value.substr(0, colon);
    draft.size = *size;
    return {};
}

std::string readTtl(std::string_view value, ZoneDraft& draft) {
    const auto ttl = parseTime(value);
    if (!ttl || *ttl == 0) {
        return "\"ttl\" must be a time, for example \"ttl=1h\", not " + quoted(value);
    }
    draft.conf.ttl = *ttl;
    return {};
}

std::string readMaxAnswer(std::string_view value, ZoneDraft& draft) {
    const auto size = parseSize(value);
    if (!size || *size < 1024 || *size > (64U << 20)) {
        return "\"max_answer\" must be a size from 1k to 64m, for example \"max_answer=256k\", "
               "not " +
               quoted(value);
    }
    draft.conf.maxAnswer = *size;
    return {};
}

std::string readParameter(std::string_view argument, ZoneDraft& draft) {
    const NamedValue parameter = splitNamed(argument);
    if (parameter.name == "zone" && parameter.found) {
        return readZone(parameter.value, draft);
    }
    if (parameter.name == "ttl" && parameter.found) {
        return readTtl(parameter.value, draft);
    }
    if (parameter.name == "max_answer" && parameter.found) {
        return readMaxAnswer(parameter.value, draft);
    }
    return "unknown parameter " + quoted(argument) +
           " in \"edgerun_job_zone\"; it takes zone=NAME:SIZE, ttl=TIME, max_answer=SIZE";
}

std::string readZoneLine(ngx_conf_t* cf, const MainConf& main, ZoneDraft& draft) {
    for (const auto argument : argumentsOf(cf)) {
        std::string fault = readParameter(argument, draft);
        if (!fault.empty()) {
            return fault;
        }
    }
    if (draft.conf.name.empty()) {
        return "\"edgerun_job_zone\" needs \"zone=NAME:SIZE\"";
    }
    if (main.zoneNamed(draft.conf.name)) {
        return "edgerun_job_zone " + quoted(draft.conf.name) + " is duplicate";
    }
    return checkSize(draft);
}

char* addZone(ngx_conf_t* cf, MainConf& main, ZoneDraft draft) {
    auto conf = std::make_unique<ZoneConf>(std::move(draft.conf));
    ngx_str_t name = {conf->name.size(),
                      static_cast<u_char*>(ngx_pnalloc(cf->pool, conf->name.size()))};
    if (name.data == nullptr) {
        return confFailure();
    }
    ngx_memcpy(name.data, conf->name.data(), name.len);
    ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &name, draft.size, &ngx_http_edgerun_module);
    if (zone == nullptr) {
        return confFailure();  // NGINX has said why
    }
    zone->init = initZone;
    zone->data = conf.get();
    conf->shm = zone;
    main.zones.push_back(std::move(conf));
    return NGX_CONF_OK;
}

}  // namespace

ZoneMemory memoryOf(const ngx_shm_zone_t& zone) {
    ZonePreamble* preamble = preambleOf(zone);
    return {preamble + 1, static_cast<std::size_t>(preamble->bytes)};
}

char* setJobZone(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& main = *static_cast<MainConf*>(conf);
        ZoneDraft draft;
        const std::string fault = readZoneLine(cf, main, draft);
        if (!fault.empty()) {
            main.problems.add(cf, fault);
            return NGX_CONF_OK;
        }
        return addZone(cf, main, std::move(draft));
    });
}

}  // namespace edgerun::nginx
