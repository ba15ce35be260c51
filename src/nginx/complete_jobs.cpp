#include "edgerun/engine/stable_hash.h"
#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/assistant_choice.h"
#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

namespace {

using Names = std::vector<std::string_view>;

void completeZone(ngx_conf_t* cf, MainConf& main, JobsConf& jobs) {
    if (const auto zone = main.zoneNamed(jobs.zoneName)) {
        jobs.zone = *zone;
        return;
    }
    Names known;
    for (const auto& zone : main.zones) {
        known.push_back(zone->name);
    }
    main.problems.add(cf, jobs.place, unknownName("edgerun_job_zone", jobs.zoneName, known));
}

// --- assistants ---

std::string unknownAssistant(const MainConf& main, const AssistantChoice& choice) {
    Names known;
    for (const auto& entry : main.assistants) {
        known.push_back(entry.first);
    }
    return unknownName("edgerun_assistant", choice.name, known,
                       "what is no name must be an id of \"api assistants\", as asst_abc123 is");
}

/// An assistant that is named in the configuration.
void checkAssistant(ngx_conf_t* cf, MainConf& main, const Place& place,
                    const engine::Provider& provider, std::string_view name) {
    const AssistantChoice choice = chooseAssistant(main, provider, name);
    if (choice.kind == AssistantChoice::Kind::Unknown) {
        main.problems.add(cf, place, unknownAssistant(main, choice));
    }
    const std::string unoffered = unofferedTools(provider, choice);
    if (!unoffered.empty()) {
        main.problems.add(cf, place, unoffered);
    }
}

std::string whatIsMissing(const MainConf& main, const JobsConf& jobs,
                          const engine::Provider& provider) {
    std::string missing = provider.missing;
    if (jobs.assistant == nullptr) {
        const std::string more =
            nginx::whatIsMissing(provider, chooseAssistant(main, provider, jobs.assistantName));
        missing += (missing.empty() || more.empty() ? "" : "; ") + more;
    }
    return missing;
}

// --- providers ---

/// Null, and a problem, if there is none.
const engine::Provider* findProvider(ngx_conf_t* cf, MainConf& main, const JobsConf& jobs,
                                     std::string_view name) {
    if (const ProviderConf* conf = main.providerNamed(name)) {
        if (!jobs.assistantName.empty()) {
            checkAssistant(cf, main, jobs.place, conf->provider, jobs.assistantName);
        }
        return &conf->provider;
    }
    Names known;
    for (const auto& provider : main.providers) {
        known.push_back(provider->provider.name);
    }
    main.problems.add(cf, jobs.place, unknownName("edgerun_provider", name, known));
    return nullptr;
}

void completeProvider(ngx_conf_t* cf, MainConf& main, JobsConf& jobs) {
    jobs.provider = findProvider(cf, main, jobs, jobs.providerName);
    if (jobs.provider != nullptr) {
        jobs.missing = whatIsMissing(main, jobs, *jobs.provider);
    }
}

/// Jobs do without one that cannot run them: that is no reason to refuse them.
void completeFallback(ngx_conf_t* cf, MainConf& main, JobsConf& jobs) {
    if (jobs.fallbackName.empty()) {
        return;
    }
    if (jobs.fallbackName == jobs.providerName) {
        main.problems.add(cf, jobs.place,
                          "\"fallback\" must be another edgerun_provider than \"provider\"");
        return;
    }
    jobs.fallback = findProvider(cf, main, jobs, jobs.fallbackName);
    if (jobs.fallback == nullptr) {
        return;
    }
    const std::string missing = whatIsMissing(main, jobs, *jobs.fallback);
    if (!missing.empty()) {
        jobs.fallback = nullptr;
        warn(cf, jobs.place, "\"fallback\" of \"edgerun_jobs\" is not used: " + missing);
    }
}

// --- the location ---

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
        warn(cf, jobs.place,
             "\"edgerun_jobs\" without authentication: all clients are one user, "
             "and whoever knows a job's URL may read it");
    }
}

}  // namespace

void completeJobs(ngx_conf_t* cf, MainConf& conf) {
    for (const auto& provider : conf.providers) {
        if (!provider->provider.assistant.empty()) {
            checkAssistant(cf, conf, provider->assistantPlace, provider->provider, {});
        }
    }
    for (JobsConf* jobs : conf.jobs) {
        completeZone(cf, conf, *jobs);
        completeProvider(cf, conf, *jobs);
        completeFallback(cf, conf, *jobs);
        completePath(*jobs);
        warnIfOpen(cf, *jobs);
    }
}

}  // namespace edgerun::nginx
