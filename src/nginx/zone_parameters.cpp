#include "zone_parameters.h"

#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "edgerun/nginx/arguments.h"
#include "edgerun/store/open_file.h"
#include "thread_pool.h"

namespace edgerun::nginx {

namespace {

bool isOtherThanDirectory(const std::string& path) {
    struct stat status;
    return stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
}

template <class Zones>
std::string checkAgainst(const Zones& zones, std::string_view kind, std::string_view directive,
                         const std::string& name, const std::string& journal) {
    for (const auto& zone : zones) {
        if (zone->name == name) {
            return kind == directive ? std::string(directive) + " " + quoted(name) + " is duplicate"
                                     : "there is an " + std::string(kind) + " " + quoted(name) +
                                           " already; give this zone another name";
        }
        if (!journal.empty() && zone->journal == journal) {
            return "the directory " + quoted(journal) + " is the journal of the zone " +
                   quoted(zone->name) + " already; give each zone one of its own";
        }
    }
    return {};
}

bool findPool(ngx_conf_t* cf, MainConf& main, ngx_thread_pool_t*& pool) {
    const bool isFound = findThreadPool(cf, "edgerun_journal", pool);
    if (isFound && pool == nullptr) {
        main.problems.add(cf, "\"journal\" needs an NGINX that was built --with-threads");
    }
    return isFound;
}

}  // namespace

std::string trueName(std::string path) {
    while (path.size() > 1 && path.back() == '/') {
        path.pop_back();
    }
    std::string real = store::realPath(path);
    const auto slash = path.rfind('/');
    if (!real.empty() || errno != ENOENT || slash == std::string::npos) {
        return real;
    }
    const std::string parent = store::realPath(path.substr(0, slash + 1));
    return parent.empty() ? parent : (parent == "/" ? "" : parent) + path.substr(slash);
}

std::string readZone(std::string_view value, std::string_view example, ZoneSize& zone) {
    const auto colon = value.find(':');
    const auto size =
        colon == std::string_view::npos ? std::nullopt : parseSize(value.substr(colon + 1));
    if (!size || colon == 0) {
        return "\"zone\" must be NAME:SIZE, for example \"zone=" + std::string(example) +
               "\", not " + quoted(value);
    }
    zone.name = value.substr(0, colon);
    zone.bytes = *size;
    return {};
}

std::string readJournal(ngx_conf_t* cf, std::string_view value, std::string_view example,
                        std::string& journal) {
    ngx_str_t name = loop::asNgx(value);
    if (value.empty() || !isPrintable(value) || ngx_conf_full_name(cf->cycle, &name, 0) != NGX_OK) {
        return "\"journal\" must be a directory, for example \"journal=" + std::string(example) +
               "\", not " + quoted(value);
    }
    journal = trueName(std::string(loop::view(name)));
    if (!journal.empty() && isOtherThanDirectory(journal)) {
        errno = ENOTDIR;
        journal.clear();
    }
    return journal.empty() ? "\"journal\" cannot be used: " + quoted(loop::view(name)) + ": " +
                                 std::generic_category().message(errno)
                           : "";
}

std::string checkZone(const MainConf& main, std::string_view directive, const std::string& name,
                      const std::string& journal) {
    if (name.empty()) {
        return quoted(directive) + " needs \"zone=NAME:SIZE\"";
    }
    std::string fault = checkAgainst(main.zones, "edgerun_job_zone", directive, name, journal);
    return fault.empty()
               ? checkAgainst(main.quotaZones, "edgerun_quota_zone", directive, name, journal)
               : fault;
}

bool addJournal(ngx_conf_t* cf, MainConf& main, const std::string& journal, void* zone,
                ngx_thread_pool_t*& pool) {
    return journal.empty() || (findPool(cf, main, pool) && addDirectory(cf, journal, zone));
}

bool addDirectory(ngx_conf_t* cf, const std::string& directory, void* owner) {
    auto* path = static_cast<ngx_path_t*>(ngx_pcalloc(cf->pool, sizeof(ngx_path_t)));
    if (path == nullptr || (path->name = loop::copyTo(cf->pool, directory)).data == nullptr) {
        return false;
    }
    path->data = owner;
    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;
    return ngx_add_path(cf, &path) == NGX_OK;
}

}  // namespace edgerun::nginx
