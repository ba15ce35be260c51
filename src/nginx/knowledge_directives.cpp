#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/entry_values.h"
#include "edgerun/nginx/knowledge_calls.h"
#include "edgerun/nginx/location_directive.h"
#include "edgerun/nginx/operator_file.h"
#include "edgerun/nginx/parameters.h"

/// Directives of locations that use a knowledge base.
namespace edgerun::nginx {

namespace {

constexpr Range kMostRange{1, 20};
constexpr Range kSizeRange{1, 1'000'000};
constexpr std::size_t kMostTemplate = 256 * 1024;  // bytes

std::string readCount(std::string_view name, std::string_view text, Range range,
                      std::size_t& value) {
    std::uint64_t number = 0;
    const std::string fault = readNumber(text, range, number);
    value = static_cast<std::size_t>(number);
    return fault.empty() ? fault : quoted(name) + " " + fault;
}

std::string readMost(ngx_conf_t*, std::string_view text, KnowledgeUse& use) {
    return readCount("max", text, kMostRange, use.most);
}

std::string readArticleSize(ngx_conf_t*, std::string_view text, KnowledgeUse& use) {
    return readCount("article_size", text, kSizeRange, use.articleSize);
}

std::string readLevel(ngx_conf_t* cf, std::string_view text, KnowledgeUse& use) {
    use.level = compileValue(cf, text);
    return use.level != nullptr
               ? ""
               : "\"level\" must be a text or a variable, for example \"level=$level\"";
}

/// All but the last mistake are told at once; that one is returned.
std::string tellFaults(ngx_conf_t* cf, const std::string& path, std::vector<std::string> faults) {
    for (std::string& fault : faults) {
        fault.insert(0, "the template " + quoted(path) + ": ");
    }
    std::string last = std::move(faults.back());
    faults.pop_back();
    for (const std::string& fault : faults) {
        mainConfOf(cf).problems.add(cf, "\"edgerun_knowledge\" " + fault);
    }
    return last;
}

std::string readTemplate(ngx_conf_t* cf, std::string_view path, KnowledgeUse& use) {
    auto file = readOperatorFile(cf, path, kMostTemplate);
    if (const auto* problem = std::get_if<text::FileProblem>(&file)) {
        return "\"template\": " + problem->message;
    }
    const auto& read = std::get<OperatorFile>(file);
    auto parsed = text::KnowledgeTemplate::parse(read.text.bytes);
    if (auto* faults = std::get_if<std::vector<std::string>>(&parsed)) {
        return tellFaults(cf, read.path, std::move(*faults));
    }
    use.pattern = std::make_shared<const text::KnowledgeTemplate>(
        std::move(std::get<text::KnowledgeTemplate>(parsed)));
    return {};
}

constexpr std::array<Parameter<KnowledgeUse>, 4> kParameters{{
    {"max", readMost},
    {"article_size", readArticleSize},
    {"level", readLevel},
    {"template", readTemplate},
}};

std::string readUse(ngx_conf_t* cf, const Arguments& arguments, KnowledgeUse& use) {
    use.baseName = arguments[0];
    use.place = placeOf(cf);
    Parameters parameters("", "NAME, max=NUMBER, article_size=NUMBER, level=VALUE, template=FILE");
    parameters.take(kParameters, use);
    return parameters.read(cf, arguments, 1);
}

// --- handlers ---

bool isPrefix(const ngx_http_core_loc_conf_t& core) {
#if (NGX_PCRE)
    if (core.regex != nullptr) {
        return false;
    }
#endif
    return !core.named && !core.exact_match;
}

/// What is wrong with the place, or nothing.
std::string checkLocation(const ngx_http_core_loc_conf_t& core, const KnowledgeHandlerConf& conf) {
    if (core.noname) {
        return "belongs into a location, not into \"if\" or \"limit_except\"";
    }
    if (conf.takesChanges && !isPrefix(core)) {
        return "needs a location that is a prefix, for example \"location /knowledge/articles\", "
               "since articles live below it";
    }
    if (core.named) {
        return "needs a location that clients can reach, not a named one";
    }
    return {};
}

std::string setHandler(ngx_conf_t* cf, LocationConf& location, std::string_view baseName,
                       bool takesChanges) {
    if (location.knowledgeHandler != nullptr) {
        return "must be the only \"edgerun_knowledge_search\" or \"edgerun_knowledge_articles\" "
               "of its location";
    }
    auto handler = std::make_shared<KnowledgeHandlerConf>();
    handler->baseName = baseName;
    handler->takesChanges = takesChanges;
    handler->place = placeOf(cf);
    handler->location = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    location.knowledgeHandler = handler;
    std::string fault = checkLocation(*handler->location, *handler);
    if (fault.empty()) {
        handler->location->handler = handlerOf(*handler);
        mainConfOf(cf).knowledgeHandlers.push_back(std::move(handler));
    }
    return fault;
}

}  // namespace

char* setKnowledge(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) {
        if (location.knowledge) {
            return std::string("is duplicate");
        }
        location.knowledge.emplace(nullptr);
        if (isOff(arguments)) {
            return std::string();
        }
        auto use = std::make_shared<KnowledgeUse>();
        std::string fault = readUse(cf, arguments, *use);
        location.knowledge = use;
        mainConfOf(cf).knowledgeUses.push_back(std::move(use));
        return fault;
    });
}

char* setKnowledgeSearch(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) {
        return setHandler(cf, location, arguments[0], false);
    });
}

char* setKnowledgeArticles(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [cf](LocationConf& location, const auto& arguments) {
        return setHandler(cf, location, arguments[0], true);
    });
}

}  // namespace edgerun::nginx
