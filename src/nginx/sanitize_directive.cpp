#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/location_directive.h"
#include "edgerun/nginx/operator_file.h"
#include "thread_pool.h"

namespace edgerun::nginx {

namespace {

constexpr std::string_view kDefault = "default";

using Faults = std::vector<std::string>;
using Made = std::variant<std::unique_ptr<text::Sanitizer>, Faults>;

Made makeFrom(std::string_view json) {
    auto rules = text::parseSanitizerRules(json);
    if (auto* faults = std::get_if<Faults>(&rules)) {
        return std::move(*faults);
    }
    return text::Sanitizer::create(std::move(std::get<text::SanitizerRules>(rules)));
}

/// Under its name, for all locations that name it. Null for a file with mistakes: these are said
/// once.
void keep(ngx_conf_t* cf, const std::string& name, Made made) {
    MainConf& main = mainConfOf(cf);
    auto& kept = main.sanitizers[name];
    if (auto* sanitizer = std::get_if<std::unique_ptr<text::Sanitizer>>(&made)) {
        kept = std::move(*sanitizer);
        return;
    }
    for (const std::string& fault : std::get<Faults>(made)) {
        main.problems.add(cf, "\"edgerun_sanitize\" " + quoted(name) + ": " + fault);
    }
}

std::string useFile(ngx_conf_t* cf, std::string_view path, LocationConf& location) {
    auto read = readOperatorFile(cf, path, text::kMaxSanitizerRulesBytes);
    if (const auto* problem = std::get_if<text::FileProblem>(&read)) {
        return problem->message;
    }
    const auto& file = std::get<OperatorFile>(read);
    location.sanitizer = file.path;
    if (mainConfOf(cf).sanitizers.count(file.path) == 0) {
        keep(cf, file.path, makeFrom(file.text.bytes));
    }
    return {};
}

std::string use(ngx_conf_t* cf, std::string_view name, LocationConf& location) {
    if (name == "off") {
        return {};
    }
    if (!findThreadPool(cf, "edgerun_sanitize", mainConfOf(cf).cleaners)) {
        return "has no thread pool";
    }
    if (name != kDefault) {
        return useFile(cf, name, location);
    }
    location.sanitizer = name;
    if (mainConfOf(cf).sanitizers.count(name) == 0) {
        keep(cf, std::string(name), text::Sanitizer::create(text::defaultSanitizerRules()));
    }
    return {};
}

}  // namespace

char* setSanitize(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) {
        if (location.sanitizer) {
            return std::string("is duplicate");
        }
        location.sanitizer = "";
        return use(cf, arguments[0], location);
    });
}

}  // namespace edgerun::nginx
