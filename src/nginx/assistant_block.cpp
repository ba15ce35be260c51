#include "edgerun/nginx/assistant_block.h"

#include <charconv>

#include "edgerun/engine/stable_hash.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/entry_values.h"
#include "edgerun/nginx/operator_file.h"
#include "edgerun/run/provider_id.h"
#include "edgerun/text/ascii.h"
#include "edgerun/text/utf8.h"

namespace edgerun::nginx {

namespace {

constexpr std::size_t kMaxInstructions = 256'000;              // characters
constexpr std::size_t kMaxInstructionsFile = 4 * 256'000 + 1;  // bytes
constexpr std::string_view kFile = "file:";
constexpr std::string_view kIdBegin = "asst_";

std::string readId(ngx_conf_t*, AssistantDraft& draft, const Arguments& a) {
    if (!run::isProviderId(a[0])) {
        return "must be an assistant's id, for example asst_abc123: " + quoted(a[0]);
    }
    draft.conf.definition.id = a[0];
    return {};
}

std::string readModelName(ngx_conf_t*, AssistantDraft& draft, const Arguments& a) {
    return readModel(a[0], draft.conf.definition.model);
}

// --- instructions ---

std::string checkInstructions(std::string_view text) {
    if (text::trimmed(text, text::kWhiteSpace).empty()) {
        return "must not be empty";
    }
    if (!text::isValidUtf8(text) || text.find('\0') != std::string_view::npos) {
        return "must be UTF-8 text";
    }
    if (text::countCodePoints(text) > kMaxInstructions) {
        return "must be of at most " + std::to_string(kMaxInstructions) + " characters";
    }
    return {};
}

std::string readInstructions(ngx_conf_t* cf, AssistantDraft& draft, const Arguments& a) {
    std::string& instructions = draft.conf.definition.instructions;
    instructions = a[0];
    if (a[0].substr(0, kFile.size()) == kFile) {
        auto file = readOperatorFile(cf, a[0].substr(kFile.size()), kMaxInstructionsFile);
        if (const auto* problem = std::get_if<text::FileProblem>(&file)) {
            return problem->message;
        }
        instructions = std::move(std::get<OperatorFile>(file).text.bytes);
        if (!instructions.empty() && instructions.back() == '\n') {
            instructions.pop_back();
        }
    }
    return checkInstructions(instructions);
}

// --- how it answers ---

/// Digits, and perhaps a point and digits: so it is JSON as well.
bool isPlainDecimal(std::string_view text) {
    const auto isDigits = [](std::string_view part) {
        return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    };
    const auto point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    return isDigits(whole) && (whole.size() == 1 || whole.front() != '0') &&
           (point == std::string_view::npos || isDigits(text.substr(point + 1)));
}

std::string readTemperature(ngx_conf_t*, AssistantDraft& draft, const Arguments& a) {
    constexpr std::size_t kLongest = 16;
    double value = 3;
    if (isPlainDecimal(a[0]) && a[0].size() <= kLongest) {
        std::from_chars(a[0].data(), a[0].data() + a[0].size(), value);
    }
    if (value > 2) {
        return "must be a number from 0 to 2, for example 0.7: " + quoted(a[0]);
    }
    draft.conf.definition.temperature = a[0];
    return {};
}

std::string readSchemaFile(ngx_conf_t* cf, AssistantDraft& draft, std::string_view path) {
    const JsonFile file = readJsonFile(cf, path, draft.problems);
    if (file.object == nullptr) {
        return file.fault;
    }
    for (const std::string& fault :
         readJsonSchema(file.object.get(), draft.conf.definition.responseFormat)) {
        draft.problems.add(cf,
                           "\"response_format\" json_schema " + quoted(file.path) + ": " + fault);
    }
    return {};
}

std::string readResponseFormat(ngx_conf_t* cf, AssistantDraft& draft, const Arguments& a) {
    if (a[0] == "json_schema" && a.size() == 2) {
        return readSchemaFile(cf, draft, a[1]);
    }
    if ((a[0] != "text" && a[0] != "json_object") || a.size() > 1) {
        return "must be text, json_object or json_schema FILE: " + quoted(a[0]);
    }
    draft.conf.definition.responseFormat = "{\"type\":\"" + std::string(a[0]) + "\"}";
    return {};
}

std::string readMaxToolRounds(ngx_conf_t*, AssistantDraft& draft, const Arguments& a) {
    std::uint64_t rounds = draft.conf.definition.maxToolRounds;
    std::string fault = readNumber(a[0], {1, 64}, rounds);
    draft.conf.definition.maxToolRounds = static_cast<unsigned>(rounds);
    return fault;
}

std::string readCertificates(ngx_conf_t* cf, AssistantDraft& draft, const Arguments& a) {
    return readCertificateFile(cf, a[0], draft.trustedCertificates);
}

constexpr std::array<BlockEntry<AssistantDraft>, 9> kEntries{{
    {"id", 1, 1, false, readId},
    {"model", 1, 1, false, readModelName},
    {"instructions", 1, 1, false, readInstructions},
    {"temperature", 1, 1, false, readTemperature},
    {"response_format", 1, 2, false, readResponseFormat},
    {"tool", 1, 32, true, readTool},
    {"max_tool_rounds", 1, 1, false, readMaxToolRounds},
    {"header", 2, 2, true, readToolHeader},
    {"ssl_trusted_certificate", 1, 1, false, readCertificates},
}};

// --- the whole ---

/// All that a provider is told of the assistant. Members of a schema stay in the order of their
/// file, which models follow.
std::string canonicalText(const run::Assistant& assistant) {
    std::string functions = "[";
    for (const run::Function& function : assistant.functions) {
        functions += (functions.size() > 1 ? "," : "") + function.definition;
    }
    std::string out;
    text::JsonObjectWriter json(out);
    json.string("name", assistant.name);
    json.string("model", assistant.model);
    json.string("instructions", assistant.instructions);
    json.string("temperature", assistant.temperature);
    json.string("responseFormat", assistant.responseFormat);
    json.boolean("codeInterpreter", assistant.hasCodeInterpreter);
    json.raw("vectorStores", text::jsonArrayOf(assistant.vectorStores));
    json.raw("functions", functions + ']');
    json.finish();
    return out;
}

/// Entries that are for the endpoints of tools alone.
constexpr std::string_view kOfEndpoints[] = {"ssl_trusted_certificate", "header"};

void checkEndpoints(ngx_conf_t* cf, const Block& block) {
    for (const std::string_view name : kOfEndpoints) {
        if (const Place* place = block.placeOf(name)) {
            block.problems().add(cf, *place,
                                 quoted(name) +
                                     " is for tools with \"uri=\", of which the "
                                     "edgerun_assistant has none");
        }
    }
}

void complete(ngx_conf_t* cf, const Block& block, AssistantDraft& draft) {
    for (engine::FunctionTool& tool : draft.conf.tools) {
        tool.upstream.trustedCertificates = draft.trustedCertificates;
        tool.upstream.headers = draft.headers;
        tool.upstream.secrets = draft.secrets;
    }
    if (!draft.hasUri) {
        checkEndpoints(cf, block);
    }
    draft.conf.hash = engine::stableHash(canonicalText(draft.conf.definition));
}

std::string checkName(const MainConf& main, const std::string& name) {
    if (!isPlainName(name)) {
        return "takes a name of letters, digits, \"_\", \"-\" and \".\", not " + quoted(name);
    }
    if (name.compare(0, kIdBegin.size(), kIdBegin) == 0) {
        return "takes a name that does not begin as ids do, not " + quoted(name) + "; write \"id " +
               name + ";\" into the block";
    }
    return main.findAssistant(name) != nullptr ? quoted(name) + " is duplicate" : "";
}

}  // namespace

char* setAssistant(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& main = *static_cast<MainConf*>(conf);
        const std::string name(argumentsOf(cf)[0]);
        const std::string fault = checkName(main, name);
        if (!fault.empty()) {
            main.problems.add(cf, "edgerun_assistant " + fault);
        }
        auto assistant = std::make_unique<AssistantBlock>();
        assistant->place = placeOf(cf);
        assistant->conf.definition.name = name;

        AssistantDraft draft{assistant->conf, main.problems};
        Block block("edgerun_assistant", main.problems);
        block.take(kEntries, draft);
        char* result = block.read(cf);
        if (result != NGX_CONF_OK) {
            return result;
        }
        complete(cf, block, draft);
        main.assistants.emplace(name, std::move(assistant));
        return NGX_CONF_OK;
    });
}

}  // namespace edgerun::nginx
