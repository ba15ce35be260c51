#include "step_calls.h"

#include "list_page.h"
#include "step_render.h"
#include "thread_calls.h"

namespace emulator {

namespace {

constexpr std::string_view kFileSearchContent =
    "step_details.tool_calls[*].file_search.results[*].content";

}  // namespace

Includes readIncludes(const Pairs& query) {
    Includes includes;
    for (const auto& [name, value] : query) {
        if (name != "include[]") {
            continue;
        }
        if (value != kFileSearchContent) {
            includes.error = refusal::unsupportedValue("include[]", value,
                                                       "'" + std::string(kFileSearchContent) + "'");
            return includes;
        }
        includes.fileSearchContent = true;
    }
    return includes;
}

CallResult listSteps(CallContext& context) {
    auto found = runOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    auto query = readListQuery(context.query);
    if (auto* error = std::get_if<ApiError>(&query)) {
        return std::move(*error);
    }
    Includes includes = readIncludes(context.query);
    if (includes.error) {
        return std::move(*includes.error);
    }
    const Run& run = *std::get<Run*>(found);
    std::vector<std::string> texts;
    for (const RunStep& step : run.steps) {
        texts.push_back(renderStep(run, step, includes.fileSearchContent));
    }
    std::vector<ListItem> items;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        items.push_back({run.steps[i].id, texts[i]});
    }
    return renderPage(items, std::get<ListQuery>(query), "run step");
}

CallResult getStep(CallContext& context) {
    auto found = runOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Includes includes = readIncludes(context.query);
    if (includes.error) {
        return std::move(*includes.error);
    }
    const Run& run = *std::get<Run*>(found);
    for (const RunStep& step : run.steps) {
        if (step.id == context.ids[2]) {
            Reply reply;
            reply.body = renderStep(run, step, includes.fileSearchContent);
            return reply;
        }
    }
    return refusal::notFound("run step", context.ids[2]);
}

}  // namespace emulator
