#pragma once

#include <string>
#include <vector>

#include "edgerun/nginx/block.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/text/json.h"

/// The parts of edgerun_assistant { }.
namespace edgerun::nginx {

/// Until the block can be put together.
struct AssistantDraft {
    engine::AssistantConf& conf;
    Problems& problems;
    // For the endpoints of all its tools.
    std::string trustedCertificates{};
    std::vector<std::string> headers{};
    std::vector<std::string> secrets{};  ///< in the headers
    bool hasFileSearch = false;
    bool hasUri = false;  ///< one of its tools, good or not
};

/// tool code_interpreter | file_search vector_store=ID ... | function FILE [uri=URL] ...
std::string readTool(ngx_conf_t* cf, AssistantDraft& draft, const Arguments& arguments);

/// header NAME VALUE
std::string readToolHeader(ngx_conf_t* cf, AssistantDraft& draft, const Arguments& arguments);

/// A file of one JSON object. What is wrong with it goes to the problems, with the line, or is
/// returned as `fault`.
struct JsonFile {
    text::JsonPtr object;  ///< null: it cannot be used
    std::string path;      ///< whole
    std::string fault;     ///< or empty
};
JsonFile readJsonFile(ngx_conf_t* cf, std::string_view path, Problems& problems);

/// What is wrong with a definition, each in its own words.
using Faults = std::vector<std::string>;

/// {name, description?, parameters?, strict?}, or {"type": "function", "function": {that}}.
Faults readFunction(const json_t* object, run::Function& function);

/// {name, schema, description?, strict?}, or {"type": "json_schema", "json_schema": {that}}; gives
/// the response_format as Assistants take it.
Faults readJsonSchema(const json_t* object, std::string& responseFormat);

}  // namespace edgerun::nginx
