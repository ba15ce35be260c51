#include "edgerun/nginx/tool_outputs.h"

#include <algorithm>

#include "edgerun/run/provider_id.h"
#include "edgerun/run/tool_round.h"
#include "edgerun/text/json.h"

namespace edgerun::nginx {

namespace {

using Fault = std::string;  // empty: none

Fault readOutput(const json_t* value, run::ToolOutput& output) {
    const std::string_view id = text::stringOf(json_object_get(value, "toolCallId"));
    const json_t* given = json_object_get(value, "output");
    if (json_object_size(value) != 2 || !run::isProviderId(id) || !json_is_string(given)) {
        return "\"toolOutputs\" takes objects of \"toolCallId\", the id of a tool call, and "
               "\"output\", a string";
    }
    if (json_string_length(given) > run::kMostOutputBytes) {
        return "an \"output\" must be of at most 256 KiB";
    }
    output.id = id;
    output.output = text::stringOf(given);
    return {};
}

bool hasOutputFor(const run::ToolOutputs& outputs, std::string_view id) {
    return std::any_of(outputs.outputs.begin(), outputs.outputs.end(),
                       [&](const run::ToolOutput& output) { return output.id == id; });
}

Fault readOutputs(const json_t* array, run::ToolOutputs& outputs) {
    if (!json_is_array(array) || json_array_size(array) == 0 ||
        json_array_size(array) > run::kMostCalls) {
        return "\"toolOutputs\" must be an array of 1 to 128 outputs";
    }
    for (std::size_t i = 0; i < json_array_size(array); i++) {
        run::ToolOutput output;
        Fault fault = readOutput(json_array_get(array, i), output);
        if (!fault.empty()) {
            return fault;
        }
        if (hasOutputFor(outputs, output.id)) {
            return "\"toolOutputs\" has two outputs for \"" + output.id + '"';
        }
        outputs.outputs.push_back(std::move(output));
    }
    return {};
}

}  // namespace

std::variant<run::ToolOutputs, BadSubmission> readToolOutputs(std::string_view body) {
    constexpr std::size_t kDepth = 3;
    const auto parsed = text::parseJson(body, {body.size(), kDepth});
    if (parsed == nullptr) {
        return BadSubmission{"the body is not valid JSON"};
    }
    const json_t* array = json_object_get(parsed.get(), "toolOutputs");
    if (array == nullptr || json_object_size(parsed.get()) != 1) {
        return BadSubmission{"the body must be an object of \"toolOutputs\" alone"};
    }
    run::ToolOutputs outputs;
    Fault fault = readOutputs(array, outputs);
    if (!fault.empty()) {
        return BadSubmission{std::move(fault)};
    }
    return outputs;
}

}  // namespace edgerun::nginx
