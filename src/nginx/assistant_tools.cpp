#include <algorithm>

#include "edgerun/nginx/assistant_block.h"
#include "edgerun/nginx/base_url.h"
#include "edgerun/nginx/entry_values.h"
#include "edgerun/nginx/parameters.h"
#include "edgerun/run/provider_id.h"
#include "edgerun/run/tool_round.h"

namespace edgerun::nginx {

namespace {

constexpr std::size_t kMostFunctions = 120;  // of a provider's 128 tools
constexpr std::size_t kMostStores = 20;

std::string readCodeInterpreter(ngx_conf_t*, AssistantDraft& draft, const Arguments& a) {
    bool& has = draft.conf.definition.hasCodeInterpreter;
    if (has || a.size() > 1) {
        return has ? "code_interpreter is duplicate" : "code_interpreter takes no parameters";
    }
    has = true;
    return {};
}

// --- file_search ---

std::string readFileSearch(ngx_conf_t*, AssistantDraft& draft, const Arguments& a) {
    if (draft.hasFileSearch) {
        return "file_search is duplicate; name all vector stores in one line";
    }
    draft.hasFileSearch = true;
    std::vector<std::string>& stores = draft.conf.definition.vectorStores;
    for (std::size_t i = 1; i < a.size(); i++) {
        const NamedValue parameter = splitNamed(a[i]);
        if (parameter.name != "vector_store" || !run::isProviderId(parameter.value)) {
            return "file_search takes vector_store=ID, for example \"vector_store=vs_abc123\", "
                   "not " +
                   quoted(a[i]);
        }
        stores.emplace_back(parameter.value);
    }
    if (stores.empty() || stores.size() > kMostStores) {
        return "file_search needs 1 to 20 of vector_store=ID";
    }
    return {};
}

// --- function ---

struct FunctionDraft {
    run::Function function;
    engine::FunctionTool tool;
    bool hasUri = false;
};

std::string about(std::string_view name, const std::string& fault) {
    return fault.empty() ? fault : quoted(name) + " " + fault;
}

std::string readUri(ngx_conf_t* cf, std::string_view text, FunctionDraft& draft) {
    draft.hasUri = true;
    return about("uri", readWholeUrl(cf->temp_pool, text, draft.tool.upstream).value_or(""));
}

std::string readTimeout(ngx_conf_t*, std::string_view text, FunctionDraft& draft) {
    return about("timeout", readTime(text, 1, "timeout=10s", draft.tool.timeout));
}

std::string readRetries(ngx_conf_t*, std::string_view text, FunctionDraft& draft) {
    std::uint64_t retries = draft.tool.retries;
    const std::string fault = readNumber(text, {0, 10}, retries);
    draft.tool.retries = static_cast<unsigned>(retries);
    return about("retries", fault);
}

std::string readCache(ngx_conf_t*, std::string_view text, FunctionDraft& draft) {
    return about("cache", readTime(text, 1, "cache=60s", draft.tool.cacheTime));
}

constexpr std::array<Parameter<FunctionDraft>, 4> kParameters{{
    {"uri", readUri},
    {"timeout", readTimeout},
    {"retries", readRetries},
    {"cache", readCache},
}};

std::string readParameters(ngx_conf_t* cf, const Arguments& a, FunctionDraft& draft) {
    Parameters parameters("function ", "FILE [uri=URL] [timeout=TIME] [retries=N] [cache=TIME]");
    parameters.take(kParameters, draft);
    std::string fault = parameters.read(cf, a, 2);
    const auto& given = parameters.given().all();
    return fault.empty() && !draft.hasUri && !given.empty()
               ? about(given.front(), "is of no use without \"uri=URL\"")
               : fault;
}

/// True if the function can be used; what is wrong with it goes to the problems.
bool readDefinition(ngx_conf_t* cf, std::string_view path, AssistantDraft& draft,
                    run::Function& function) {
    const JsonFile file = readJsonFile(cf, path, draft.problems);
    Faults faults;
    if (!file.fault.empty()) {
        faults.push_back(file.fault);
    } else if (file.object != nullptr) {
        faults = readFunction(file.object.get(), function);
    }
    std::string where = "\"tool\" function ";
    where += file.path.empty() ? "" : quoted(file.path) + ": ";
    for (const std::string& fault : faults) {
        draft.problems.add(cf, where + fault);
    }
    return !function.name.empty();
}

std::string add(AssistantDraft& draft, FunctionDraft added) {
    run::Assistant& definition = draft.conf.definition;
    if (definition.functionNamed(added.function.name) != nullptr) {
        return "has the function " + quoted(added.function.name) + " twice; leave one out";
    }
    if (definition.functions.size() == kMostFunctions) {
        return "has more functions than an assistant may have";
    }
    if (added.hasUri) {
        added.function.isCalledHere = true;
        added.tool.name = added.function.name;
        loop::Upstream& upstream = added.tool.upstream;
        upstream.name = definition.name + "." + added.tool.name;
        upstream.connectTimeout = std::min(upstream.connectTimeout, added.tool.timeout);
        upstream.maxResponse = run::kMostOutputBytes;
        draft.conf.tools.push_back(std::move(added.tool));
    }
    definition.functions.push_back(std::move(added.function));
    return {};
}

std::string readFunctionTool(ngx_conf_t* cf, AssistantDraft& draft, const Arguments& a) {
    if (a.size() < 2) {
        return "function needs a FILE with its definition";
    }
    FunctionDraft added;
    const bool isUsable = readDefinition(cf, a[1], draft, added.function);
    std::string fault = readParameters(cf, a, added);
    draft.hasUri = draft.hasUri || added.hasUri;
    return fault.empty() && isUsable ? add(draft, std::move(added)) : fault;
}

struct Kind {
    std::string_view name;
    std::string (*read)(ngx_conf_t* cf, AssistantDraft& draft, const Arguments& arguments);
};

constexpr Kind kKinds[] = {
    {"code_interpreter", readCodeInterpreter},
    {"file_search", readFileSearch},
    {"function", readFunctionTool},
};

}  // namespace

std::string readTool(ngx_conf_t* cf, AssistantDraft& draft, const Arguments& arguments) {
    for (const Kind& kind : kKinds) {
        if (kind.name == arguments[0]) {
            return kind.read(cf, draft, arguments);
        }
    }
    return "knows code_interpreter, file_search and function, not " + quoted(arguments[0]);
}

}  // namespace edgerun::nginx
