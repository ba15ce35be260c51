#include "edgerun/nginx/job_zone.h"

#include <openssl/rand.h>

#include "edgerun/engine/stable_hash.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/store/job_arena.h"
#include "edgerun/store/journal_files.h"

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
    std::uint64_t journal;  ///< its directory's hash; 0: none
};

ZonePreamble* preambleOf(const ngx_shm_zone_t& zone) {
    return static_cast<ZonePreamble*>(poolOf(zone)->data);
}

store::ArenaLimits limitsOf(const ZoneConf& conf) {
    return {conf.ttl, conf.maxAnswer * kEscapePercent / 100 + kOtherMembers};
}

std::uint64_t journalHashOf(const ZoneConf& conf) {
    return conf.journal.empty() ? 0 : engine::stableHash(conf.journal);
}

/// Ids of jobs in a journal must stay genuine when the zone is made anew. A test of the
/// configuration leaves no secret behind.
std::optional<store::JobIdSecret> secretFor(const ZoneConf& conf, std::string& problem) {
    if (!conf.journal.empty()) {
        return store::zoneSecret(conf.journal, ngx_test_config == 0, problem);
    }
    store::JobIdSecret secret;
    if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1) {
        problem = "there is no randomness";
        return std::nullopt;
    }
    return secret;
}

ngx_int_t refuse(const ngx_shm_zone_t& zone, const std::string& problem) {
    ngx_log_error(NGX_LOG_EMERG, zone.shm.log, 0, "edgerun_job_zone \"%V\" cannot be set up: %*s",
                  &zone.shm.name, problem.size(), problem.data());
    return NGX_ERROR;
}

/// The worker that reads the journal says when jobs may be served.
bool holdJobsBack(ngx_shm_zone_t& zone, const ZonePreamble& preamble) {
    ZoneLock lock(zone);
    const ZoneMemory memory = memoryOf(zone);
    auto arena = store::JobArena::attach(memory.address, preamble.bytes, lock);
    if (arena) {
        arena->setLoading(store::JobArena::Loading::Wanted);
    }
    return arena.has_value();
}

ngx_int_t carve(ngx_shm_zone_t& zone, const ZoneConf& conf) {
    std::string problem;
    const auto secret = secretFor(conf, problem);
    if (!secret) {
        return refuse(zone, problem);
    }
    const ZoneMemory pages = takeAllPages(zone);
    if (pages.address == nullptr) {
        return refuse(zone, "its memory is not in one piece");
    }

    auto* preamble = static_cast<ZonePreamble*>(pages.address);
    *preamble = {pages.bytes - sizeof(ZonePreamble), conf.ttl, conf.maxAnswer, journalHashOf(conf)};
    if (!store::JobArena::format(preamble + 1, preamble->bytes, limitsOf(conf), *secret)) {
        return refuse(zone, "it is too small for max_answer=" + std::to_string(conf.maxAnswer) +
                                "; give it more, or lower max_answer");
    }
    poolOf(zone)->data = preamble;
    if (!conf.journal.empty() && !holdJobsBack(zone, *preamble)) {
        return refuse(zone, "its memory is not readable");
    }
    return NGX_OK;
}

/// A reload can still be rolled back here: nothing in the zone may change.
ngx_int_t takeOver(const ngx_shm_zone_t& zone, const ZoneConf& conf) {
    const ZonePreamble* preamble = preambleOf(zone);
    if (preamble->ttl != conf.ttl || preamble->maxAnswer != conf.maxAnswer) {
        ngx_log_error(NGX_LOG_EMERG, zone.shm.log, 0,
                      "edgerun_job_zone \"%V\" exists with ttl=%uLms max_answer=%uL; to change "
                      "them, restart NGINX or give the zone a new name",
                      &zone.shm.name, preamble->ttl, preamble->maxAnswer);
        return NGX_ERROR;
    }
    if (preamble->journal != journalHashOf(conf)) {
        ngx_log_error(NGX_LOG_EMERG, zone.shm.log, 0,
                      "edgerun_job_zone \"%V\" exists %s; to change that, restart NGINX or give "
                      "the zone a new name",
                      &zone.shm.name,
                      preamble->journal == 0 ? "without a journal" : "with another journal");
        return NGX_ERROR;
    }
    return NGX_OK;
}

/// Only a journal brings the jobs from one memory to another.
bool keepsJobs(const ZoneConf& former, const ZoneConf& conf) {
    return !conf.journal.empty() && former.journal == conf.journal;
}

ngx_int_t make(ngx_shm_zone_t& zone, ZoneConf& conf) {
    const ngx_shm_zone_t* former = formerOf(zone);
    if (former != nullptr && !keepsJobs(*static_cast<const ZoneConf*>(former->data), conf)) {
        ngx_log_error(NGX_LOG_EMERG, zone.shm.log, 0,
                      "edgerun_job_zone \"%V\" exists with %uz bytes; to change its size, restart "
                      "NGINX or give the zone a new name",
                      &zone.shm.name, former->shm.size);
        return NGX_ERROR;
    }
    conf.wakeUp = std::make_shared<loop::SharedWakeUp>();
    return carve(zone, conf);
}

}  // namespace

ZoneMemory memoryOf(const ngx_shm_zone_t& zone) {
    ZonePreamble* preamble = preambleOf(zone);
    return {preamble + 1, static_cast<std::size_t>(preamble->bytes)};
}

std::size_t leastSizeOf(const ZoneConf& conf) {
    std::size_t size = kLeastZone;
    while (!store::JobArena::fits(usableOf(size, sizeof(ZonePreamble)), limitsOf(conf))) {
        size += kLeastZone;
    }
    return size;
}

bool needsNewMemory(const ngx_shm_zone_t& zone, const ZoneConf& conf) {
    const ngx_shm_zone_t* existing = formerOf(zone);
    if (existing == nullptr) {
        return false;
    }
    const auto& former = *static_cast<const ZoneConf*>(existing->data);
    return keepsJobs(former, conf) &&
           (former.ttl != conf.ttl || former.maxAnswer != conf.maxAnswer);
}

ngx_int_t initJobZone(ngx_shm_zone_t* zone, void* former) noexcept {
    return contain<ngx_int_t>(zone->shm.log, NGX_ERROR, [&]() -> ngx_int_t {
        auto& conf = *static_cast<ZoneConf*>(zone->data);
        if (former == nullptr) {
            return make(*zone, conf);
        }
        // Workers of the former configuration go on with this memory for a while.
        conf.wakeUp = static_cast<const ZoneConf*>(former)->wakeUp;
        return takeOver(*zone, conf);
    });
}

}  // namespace edgerun::nginx
