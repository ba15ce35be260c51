#include <array>

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/job_zone.h"
#include "edgerun/nginx/parameters.h"
#include "zone_parameters.h"

namespace edgerun::nginx {

namespace {

struct ZoneDraft {
    ZoneConf conf;
    std::size_t size = 0;
    bool hasSync = false;
};

std::string readName(ngx_conf_t*, std::string_view value, ZoneDraft& draft) {
    ZoneSize zone;
    std::string fault = readZone(value, "jobs:64m", zone);
    draft.conf.name = zone.name;
    draft.size = zone.bytes;
    return fault;
}

std::string readTtl(ngx_conf_t*, std::string_view value, ZoneDraft& draft) {
    const auto ttl = parseTime(value);
    if (!ttl || *ttl == 0) {
        return "\"ttl\" must be a time, for example \"ttl=1h\", not " + quoted(value);
    }
    draft.conf.ttl = *ttl;
    return {};
}

std::string readMaxAnswer(ngx_conf_t*, std::string_view value, ZoneDraft& draft) {
    const auto size = parseSize(value);
    if (!size || *size < 1024 || *size > (64U << 20)) {
        return "\"max_answer\" must be a size from 1k to 64m, for example \"max_answer=256k\", "
               "not " +
               quoted(value);
    }
    draft.conf.maxAnswer = *size;
    return {};
}

std::string readDirectory(ngx_conf_t* cf, std::string_view value, ZoneDraft& draft) {
    return readJournal(cf, value, "/var/lib/nginx/jobs", draft.conf.journal);
}

std::string readSync(ngx_conf_t*, std::string_view value, ZoneDraft& draft) {
    struct Row {
        std::string_view name;
        engine::JournalSync sync;
    };
    constexpr Row kRows[] = {{"always", engine::JournalSync::Always},
                             {"interval", engine::JournalSync::Interval},
                             {"off", engine::JournalSync::Off}};
    for (const Row& row : kRows) {
        if (row.name == value) {
            draft.conf.sync = row.sync;
            draft.hasSync = true;
            return {};
        }
    }
    return "\"sync\" must be always, interval or off, not " + quoted(value);
}

constexpr std::array<Parameter<ZoneDraft>, 5> kParameters{{
    {"zone", readName},
    {"ttl", readTtl},
    {"max_answer", readMaxAnswer},
    {"journal", readDirectory},
    {"sync", readSync},
}};

std::string checkSync(const ZoneDraft& draft) {
    const bool isIdle = draft.hasSync && draft.conf.journal.empty();
    return isIdle ? "\"sync\" is of no use without \"journal=DIRECTORY\"" : "";
}

std::string checkSize(const ZoneDraft& draft) {
    const std::size_t enough = leastSizeOf(draft.conf);
    if (draft.size >= enough) {
        return {};
    }
    return "the zone " + quoted(draft.conf.name) + " is too small for its max_answer; give it " +
           std::to_string(enough / 1024) + "k or more, or lower max_answer";
}

std::string readLine(ngx_conf_t* cf, const MainConf& main, ZoneDraft& draft) {
    Parameters parameters("\"edgerun_job_zone\" ",
                          "zone=NAME:SIZE, ttl=TIME, max_answer=SIZE, journal=DIRECTORY, "
                          "sync=always|interval|off");
    parameters.take(kParameters, draft);
    std::string fault = parameters.read(cf, argumentsOf(cf));
    if (fault.empty()) {
        fault = checkZone(main, "edgerun_job_zone", draft.conf.name, draft.conf.journal);
    }
    fault = fault.empty() ? checkSync(draft) : fault;
    return fault.empty() ? checkSize(draft) : fault;
}

char* addZone(ngx_conf_t* cf, MainConf& main, ZoneDraft draft) {
    auto conf = std::make_unique<ZoneConf>(std::move(draft.conf));
    ngx_str_t name = loop::copyTo(cf->pool, conf->name);
    if (name.data == nullptr || !addJournal(cf, main, conf->journal, conf.get(), conf->pool)) {
        return confFailure();  // NGINX has said why
    }
    ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &name, draft.size, &ngx_http_edgerun_module);
    if (zone == nullptr) {
        return confFailure();  // NGINX has said why
    }
    zone->init = initJobZone;
    zone->data = conf.get();
    zone->noreuse = needsNewMemory(*zone, *conf) ? 1 : 0;
    conf->shm = zone;
    main.zones.push_back(std::move(conf));
    return NGX_CONF_OK;
}

}  // namespace

char* setJobZone(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return setZone(cf, conf, readLine, addZone);
}

}  // namespace edgerun::nginx
