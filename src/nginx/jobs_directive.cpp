#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/jobs_handler.h"

namespace edgerun::nginx {

namespace {

constexpr std::uint64_t kMostMaxQuery = 1'000'000;

std::string readAssistant(ngx_conf_t* cf, std::string_view text, JobsConf& jobs) {
    auto* complex = compileValue(cf, text);
    if (complex == nullptr) {
        return "\"assistant\" must be an id or a variable, not " + quoted(text);
    }
    if (complex->lengths == nullptr && !isPlainName(text)) {
        return "\"assistant\" must be an id or a variable, not " + quoted(text);
    }
    jobs.assistant = complex;
    return {};
}

std::string readParameter(ngx_conf_t* cf, std::string_view argument, JobsConf& jobs) {
    const NamedValue parameter = splitNamed(argument);
    if (parameter.name == "zone" && parameter.found) {
        jobs.zoneName = parameter.value;
        return {};
    }
    if (parameter.name == "provider" && parameter.found) {
        jobs.providerName = parameter.value;
        return {};
    }
    if (parameter.name == "assistant" && parameter.found) {
        return readAssistant(cf, parameter.value, jobs);
    }
    return "unknown parameter " + quoted(argument) +
           " in \"edgerun_jobs\"; it takes zone=NAME, provider=NAME, assistant=ID";
}

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
    for (const auto argument : argumentsOf(cf)) {
        std::string fault = readParameter(cf, argument, jobs);
        if (!fault.empty()) {
            return fault;
        }
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

char* setMaxQuery(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& location = *static_cast<LocationConf*>(conf);
        Problems& problems = mainConfOf(cf).problems;
        const std::string_view text = argumentsOf(cf)[0];
        const auto number = parseNumber(text);
        if (location.maxQuery) {
            problems.add(cf, "\"edgerun_max_query\" is duplicate");
        } else if (!number || *number == 0 || *number > kMostMaxQuery) {
            problems.add(cf, "\"edgerun_max_query\" must be a number of characters from 1 to " +
                                 std::to_string(kMostMaxQuery) + ", not " + quoted(text));
        }
        location.maxQuery = number.value_or(kDefaultMaxQuery);
        return NGX_CONF_OK;
    });
}

}  // namespace edgerun::nginx
