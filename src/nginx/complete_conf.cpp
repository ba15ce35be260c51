#include "edgerun/engine/stable_hash.h"
#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/base_url.h"
#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

namespace {

void completeHost(ngx_conf_t* cf, Problems& problems, ProviderConf& conf) {
    loop::Upstream& upstream = conf.provider.upstream;
    if (upstream.scheme.empty()) {
        return;  // its URL was refused
    }
    if (!useResolver(cf, upstream) && !resolveHost(cf->temp_pool, upstream)) {
        problems.add(cf, conf.place,
                     "the host " + quoted(upstream.host) + " of edgerun_provider " +
                         quoted(conf.provider.name) +
                         " could not be resolved; correct \"base_url\", or add a \"resolver\" to "
                         "http {} to have it resolved while NGINX runs");
    }
}

std::string unknownName(const char* directive, std::string_view name,
                        const std::vector<std::string_view>& known) {
    const auto near = nearest(name, known);
    return "there is no " + std::string(directive) + " " + quoted(name) +
           (near.empty() ? std::string() : "; did you mean " + quoted(near) + "?");
}

void completeZone(ngx_conf_t* cf, MainConf& main, JobsConf& jobs) {
    if (const auto zone = main.zoneNamed(jobs.zoneName)) {
        jobs.zone = *zone;
        return;
    }
    std::vector<std::string_view> known;
    for (const auto& zone : main.zones) {
        known.push_back(zone->name);
    }
    main.problems.add(cf, jobs.place, unknownName("edgerun_job_zone", jobs.zoneName, known));
}

void completeProvider(ngx_conf_t* cf, MainConf& main, JobsConf& jobs) {
    if (const ProviderConf* conf = main.providerNamed(jobs.providerName)) {
        jobs.provider = &conf->provider;
        jobs.missing = conf->provider.missing;
        if (jobs.assistant == nullptr && conf->provider.assistant.empty()) {
            jobs.missing += (jobs.missing.empty() ? "" : "; ") +
                            ("set assistant in edgerun_provider " + quoted(jobs.providerName) +
                             " or in edgerun_jobs");
        }
        return;
    }
    std::vector<std::string_view> known;
    for (const auto& provider : main.providers) {
        known.push_back(provider->provider.name);
    }
    main.problems.add(cf, jobs.place, unknownName("edgerun_provider", jobs.providerName, known));
}

const LocationConf& locationOf(const JobsConf& jobs) {
    return *static_cast<const LocationConf*>(
        jobs.location->loc_conf[ngx_http_edgerun_module.ctx_index]);
}

void completePath(JobsConf& jobs) {
    jobs.path = loop::view(jobs.location->name);
    while (!jobs.path.empty() && jobs.path.back() == '/') {
        jobs.path.pop_back();
    }
    // Equal names in two realms are two users.
    const auto& location = locationOf(jobs);
    const std::string realm = location.usesJwt() ? location.jwt->realm : std::string();
    jobs.scope = engine::stableHash(jobs.path + '\n' + realm);
}

void warnIfOpen(ngx_conf_t* cf, const JobsConf& jobs) {
    if (!locationOf(jobs).authenticates()) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"edgerun_jobs\" without authentication: all clients are one user, "
                      "and whoever knows a job's URL may read it, in %s:%ui",
                      jobs.place.file.c_str(), jobs.place.line);
    }
}

}  // namespace

void completeConf(ngx_conf_t* cf, MainConf& conf) {
    for (const auto& provider : conf.providers) {
        completeHost(cf, conf.problems, *provider);
    }
    for (const auto& source : conf.keySources) {
        completeKeySource(cf, conf.problems, *source);
    }
    if (conf.users) {
        for (const auto& keys : conf.apiKeys) {
            keys->applyDirectory(*conf.users);
        }
    }
    for (JobsConf* jobs : conf.jobs) {
        completeZone(cf, conf, *jobs);
        completeProvider(cf, conf, *jobs);
        completePath(*jobs);
        warnIfOpen(cf, *jobs);
    }
}

}  // namespace edgerun::nginx
