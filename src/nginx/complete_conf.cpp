#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/base_url.h"
#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

namespace {

/// Where a host was written.
struct HostLine {
    const Place& place;
    std::string owner;   ///< "edgerun_provider "main""
    const char* option;  ///< that names it
};

void completeHost(ngx_conf_t* cf, Problems& problems, loop::Upstream& upstream,
                  const HostLine& line) {
    if (upstream.scheme.empty()) {
        return;  // its URL was refused
    }
    if (!useResolver(cf, upstream) && !resolveHost(cf->temp_pool, upstream)) {
        problems.add(cf, line.place,
                     "the host " + quoted(upstream.host) + " of " + line.owner +
                         " could not be resolved; correct \"" + line.option +
                         "\", or add a \"resolver\" to http {} to have it resolved while NGINX "
                         "runs");
    }
}

void completeHosts(ngx_conf_t* cf, MainConf& conf) {
    for (const auto& provider : conf.providers) {
        completeHost(
            cf, conf.problems, provider->provider.upstream,
            {provider->place, "edgerun_provider " + quoted(provider->provider.name), "base_url"});
    }
    for (const auto& [name, assistant] : conf.assistants) {
        for (engine::FunctionTool& tool : assistant->conf.tools) {
            completeHost(
                cf, conf.problems, tool.upstream,
                {assistant->place,
                 "the function " + quoted(tool.name) + " in edgerun_assistant " + quoted(name),
                 "uri"});
        }
    }
    for (const auto& source : conf.keySources) {
        completeKeySource(cf, conf.problems, *source);
    }
}

}  // namespace

void completeConf(ngx_conf_t* cf, MainConf& conf) {
    completeHosts(cf, conf);
    if (conf.users) {
        for (const auto& keys : conf.apiKeys) {
            keys->applyDirectory(*conf.users);
        }
    }
    completeJobs(cf, conf);
    completeKnowledge(cf, conf);
    completeQuotas(cf, conf);
}

}  // namespace edgerun::nginx
