#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/job_zone.h"
#include "thread_pool.h"

namespace edgerun::nginx {

namespace {

struct ZoneDraft {
    ZoneConf conf;
    std::size_t size = 0;
    bool hasSync = false;
};

/// A message that says what is wrong and what to write instead, or empty.
using Read = std::string (*)(ngx_conf_t* cf, std::string_view value, ZoneDraft& draft);

std::string readZone(ngx_conf_t*, std::string_view value, ZoneDraft& draft) {
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

std::string realPath(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                           &std::free);
    return real != nullptr ? real.get() : "";
}

/// Without links and dots; empty, with errno, if it can neither be there nor be made.
std::string trueName(std::string path) {
    while (path.size() > 1 && path.back() == '/') {
        path.pop_back();
    }
    std::string real = realPath(path);
    const auto slash = path.rfind('/');
    if (!real.empty() || errno != ENOENT || slash == std::string::npos) {
        return real;
    }
    const std::string parent = realPath(path.substr(0, slash + 1));
    return parent.empty() ? parent : (parent == "/" ? "" : parent) + path.substr(slash);
}

/// Two journals must not share a directory, however it is spelt.
std::string readJournal(ngx_conf_t* cf, std::string_view value, ZoneDraft& draft) {
    ngx_str_t name = loop::asNgx(value);
    if (value.empty() || !isPrintable(value) || ngx_conf_full_name(cf->cycle, &name, 0) != NGX_OK) {
        return "\"journal\" must be a directory, for example \"journal=/var/lib/nginx/jobs\", "
               "not " +
               quoted(value);
    }
    draft.conf.journal = trueName(std::string(loop::view(name)));
    return draft.conf.journal.empty() ? "\"journal\" cannot be used: " + quoted(loop::view(name)) +
                                            ": " + std::generic_category().message(errno)
                                      : "";
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

struct Parameter {
    std::string_view name;
    Read read;
};

constexpr std::array<Parameter, 5> kParameters{{
    {"zone", readZone},
    {"ttl", readTtl},
    {"max_answer", readMaxAnswer},
    {"journal", readJournal},
    {"sync", readSync},
}};

std::string readParameter(ngx_conf_t* cf, std::string_view argument, ZoneDraft& draft) {
    const NamedValue given = splitNamed(argument);
    for (const Parameter& parameter : kParameters) {
        if (given.found && parameter.name == given.name) {
            return parameter.read(cf, given.value, draft);
        }
    }
    return "unknown parameter " + quoted(argument) +
           " in \"edgerun_job_zone\"; it takes zone=NAME:SIZE, ttl=TIME, max_answer=SIZE, "
           "journal=DIRECTORY, sync=always|interval|off";
}

std::string checkJournal(const MainConf& main, const ZoneDraft& draft) {
    if (draft.conf.journal.empty()) {
        return draft.hasSync ? "\"sync\" is of no use without \"journal=DIRECTORY\"" : "";
    }
    for (const auto& zone : main.zones) {
        if (zone->journal == draft.conf.journal) {
            return "the directory " + quoted(zone->journal) + " is the journal of the zone " +
                   quoted(zone->name) + " already; give each zone one of its own";
        }
    }
    return {};
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
    for (const auto argument : argumentsOf(cf)) {
        std::string fault = readParameter(cf, argument, draft);
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
    std::string fault = checkJournal(main, draft);
    return fault.empty() ? checkSize(draft) : fault;
}

/// Ends with a zero too, as the names of paths must.
ngx_str_t inPool(ngx_conf_t* cf, const std::string& text) {
    auto* bytes = static_cast<u_char*>(ngx_pnalloc(cf->pool, text.size() + 1));
    if (bytes == nullptr) {
        return {0, nullptr};
    }
    ngx_memcpy(bytes, text.c_str(), text.size() + 1);
    return {text.size(), bytes};
}

/// NGINX makes the directory, for the workers' user, before it sets zones up.
bool addDirectory(ngx_conf_t* cf, ZoneConf& conf) {
    auto* path = static_cast<ngx_path_t*>(ngx_pcalloc(cf->pool, sizeof(ngx_path_t)));
    if (path == nullptr || (path->name = inPool(cf, conf.journal)).data == nullptr) {
        return false;
    }
    path->data = &conf;  // unlike any other path's: NGINX refuses a shared directory
    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;
    return ngx_add_path(cf, &path) == NGX_OK;
}

/// The operator's own pool for journals, where there is one; else the one that all may use.
bool findPool(ngx_conf_t* cf, MainConf& main, ZoneConf& conf) {
#if (NGX_THREADS)
    conf.pool = threadPoolNamed(cf, "edgerun_journal");
    static_cast<void>(main);
    return conf.pool != nullptr;
#else
    static_cast<void>(conf);
    main.problems.add(cf, "\"journal\" needs an NGINX that was built --with-threads");
    return true;
#endif
}

bool addJournal(ngx_conf_t* cf, MainConf& main, ZoneConf& conf) {
    return conf.journal.empty() || (findPool(cf, main, conf) && addDirectory(cf, conf));
}

char* addZone(ngx_conf_t* cf, MainConf& main, ZoneDraft draft) {
    auto conf = std::make_unique<ZoneConf>(std::move(draft.conf));
    ngx_str_t name = inPool(cf, conf->name);
    if (name.data == nullptr || !addJournal(cf, main, *conf)) {
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
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& main = *static_cast<MainConf*>(conf);
        ZoneDraft draft;
        const std::string fault = readLine(cf, main, draft);
        if (!fault.empty()) {
            main.problems.add(cf, fault);
            return NGX_CONF_OK;
        }
        return addZone(cf, main, std::move(draft));
    });
}

}  // namespace edgerun::nginx
