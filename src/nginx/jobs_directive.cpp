#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/jobs_handler.h"
#include "edgerun/nginx/location_directive.h"
#include "edgerun/nginx/parameters.h"

namespace edgerun::nginx {

namespace {

constexpr std::uint64_t kMostMaxQuery = 1'000'000;
constexpr std::uint64_t kMostMaxWait = 600'000;  // ms
constexpr std::uint64_t kMostMaxRunning = 1'000'000;

struct GuaranteeName {
    std::string_view name;
    run::StartGuarantee guarantee;
};

constexpr GuaranteeName kGuarantees[] = {
    {"lookup", run::StartGuarantee::Lookup},
    {"at_most_once", run::StartGuarantee::AtMostOnce},
    {"at_least_once", run::StartGuarantee::AtLeastOnce},
};

std::string readZone(ngx_conf_t*, std::string_view text, JobsConf& jobs) {
    jobs.zoneName = text;
    return {};
}

std::string readProvider(ngx_conf_t*, std::string_view text, JobsConf& jobs) {
    jobs.providerName = text;
    return {};
}

std::string readFallback(ngx_conf_t*, std::string_view text, JobsConf& jobs) {
    jobs.fallbackName = text;
    return text.empty() ? "\"fallback\" must be the name of an edgerun_provider" : "";
}

std::string readAssistant(ngx_conf_t* cf, std::string_view text, JobsConf& jobs) {
    auto* complex = compileValue(cf, text);
    if (complex != nullptr && complex->lengths != nullptr) {
        jobs.assistant = complex;
        return {};
    }
    if (!isPlainName(text)) {
        return "\"assistant\" must be a name, an id or a variable, not " + quoted(text);
    }
    jobs.assistantName = text;
    return {};
}

std::string readMode(ngx_conf_t*, std::string_view text, JobsConf& jobs) {
    if (text != "async" && text != "sync") {
        return "\"mode\" must be async or sync, not " + quoted(text);
    }
    jobs.isSync = text == "sync";
    return {};
}

constexpr std::array<Parameter<JobsConf>, 5> kParameters{{
    {"zone", readZone},
    {"provider", readProvider},
    {"fallback", readFallback},
    {"assistant", readAssistant},
    {"mode", readMode},
}};

bool isRegex(const ngx_http_core_loc_conf_t* core) {
#if (NGX_PCRE)
    return core->regex != nullptr;
#else
    return false;
#endif
}

std::string checkLocation(const ngx_http_core_loc_conf_t* core) {
    if (core->noname) {
        return "\"edgerun_jobs\" belongs into a location, not into \"if\" or \"limit_except\"";
    }
    if (isRegex(core) || core->named || core->exact_match) {
        return "\"edgerun_jobs\" needs a location that is a prefix, for example \"location "
               "/jobs\", "
               "since jobs live below it";
    }
    return {};
}

std::string read(ngx_conf_t* cf, JobsConf& jobs) {
    Parameters parameters("\"edgerun_jobs\" ",
                          "zone=NAME, provider=NAME, fallback=NAME, assistant=NAME, "
                          "mode=async|sync");
    parameters.take(kParameters, jobs);
    std::string fault = parameters.read(cf, argumentsOf(cf));
    if (!fault.empty()) {
        return fault;
    }
    if (jobs.zoneName.empty() || jobs.providerName.empty()) {
        return "\"edgerun_jobs\" needs \"zone=NAME\" and \"provider=NAME\"";
    }
    return checkLocation(jobs.location);
}

}  // namespace

char* setJobs(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& location = *static_cast<LocationConf*>(conf);
        MainConf& main = mainConfOf(cf);
        if (location.jobs != nullptr) {
            main.problems.add(cf, "\"edgerun_jobs\" is duplicate");
            return NGX_CONF_OK;
        }

        auto jobs = std::make_shared<JobsConf>();
        jobs->place = placeOf(cf);
        jobs->location = static_cast<ngx_http_core_loc_conf_t*>(
            ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
        const std::string fault = read(cf, *jobs);
        location.jobs = jobs;
        if (!fault.empty()) {
            main.problems.add(cf, fault);
            return NGX_CONF_OK;
        }
        jobs->location->handler = jobsHandler;
        main.jobs.push_back(jobs.get());
        return NGX_CONF_OK;
    });
}

char* setMaxQuery(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [](LocationConf& location, const auto& arguments) {
        if (location.maxQuery) {
            return std::string("is duplicate");
        }
        const auto number = parseNumber(arguments[0]);
        location.maxQuery = number.value_or(kDefaultMaxQuery);
        const bool isUsable = number && *number > 0 && *number <= kMostMaxQuery;
        return isUsable ? ""
                        : "must be a number of characters from 1 to " +
                              std::to_string(kMostMaxQuery) + ", not " + quoted(arguments[0]);
    });
}

char* setMaxWait(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [](LocationConf& location, const auto& arguments) {
        if (location.maxWait) {
            return std::string("is duplicate");
        }
        const auto time = parseTime(arguments[0]);
        location.maxWait = time.value_or(kDefaultMaxWait);
        return time && *time <= kMostMaxWait
                   ? ""
                   : "must be a time up to 10m, for example \"60s\", not " + quoted(arguments[0]);
    });
}

char* setMaxRunning(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [](LocationConf& location, const auto& arguments) {
        if (location.maxRunning) {
            return std::string("is duplicate");
        }
        const auto number = isOff(arguments) ? 0 : parseNumber(arguments[0]);
        location.maxRunning = static_cast<std::uint32_t>(number.value_or(0));
        const bool isUsable = number && *number > 0 && *number <= kMostMaxRunning;
        return isUsable || isOff(arguments)
                   ? ""
                   : "must be a number of jobs from 1 to " + std::to_string(kMostMaxRunning) +
                         ", or \"off\", not " + quoted(arguments[0]);
    });
}

char* setStartGuarantee(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [](LocationConf& location, const auto& arguments) {
        if (location.startGuarantee) {
            return std::string("is duplicate");
        }
        location.startGuarantee = run::StartGuarantee::Lookup;
        for (const GuaranteeName& row : kGuarantees) {
            if (row.name == arguments[0]) {
                location.startGuarantee = row.guarantee;
                return std::string();
            }
        }
        return "must be lookup, at_most_once or at_least_once, not " + quoted(arguments[0]);
    });
}

}  // namespace edgerun::nginx
