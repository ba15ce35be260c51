#include <gtest/gtest.h>

#include "edgerun/run/definition_json.h"

/// What assistants say, as the dialects send it.
namespace edgerun::run {
namespace {

Context contextOf(const Settings& settings, std::string_view metadata = "") {
    Request request;
    request.metadata = metadata;
    return {settings, "job1", request, 0, 0, 0, nullptr, "", 0, false, false};
}

Assistant withTools() {
    Assistant assistant;
    assistant.hasCodeInterpreter = true;
    assistant.vectorStores = {"vs_1", "vs_2"};
    assistant.functions = {
        {"a", R"({"name":"a"})", false},
        {"b", R"({"name":"b","strict":true,"parameters":{"type":"object","x":[1]}})", true},
    };
    return assistant;
}

TEST(DefinitionJson, NestsFunctionsForAssistantsAndCompletions) {
    EXPECT_EQ(nestedTools(Assistant{}), "[]");
    EXPECT_EQ(nestedTools(withTools()),
              R"([{"type":"code_interpreter"},{"type":"file_search"},)"
              R"({"type":"function","function":{"name":"a"}},)"
              R"({"type":"function","function":{"name":"b","strict":true,)"
              R"("parameters":{"type":"object","x":[1]}}}])");
}

TEST(DefinitionJson, FlattensFunctionsForResponsesAndLeavesNothingToTheirDefaults) {
    EXPECT_EQ(flatTools(Assistant{}), "[]");
    EXPECT_EQ(flatTools(withTools()),
              R"([{"type":"code_interpreter","container":{"type":"auto"}},)"
              R"({"type":"file_search","vector_store_ids":["vs_1","vs_2"]},)"
              R"({"name":"a","type":"function","strict":false,)"
              R"("parameters":{"type":"object","properties":{}}},)"
              R"({"name":"b","strict":true,"parameters":{"type":"object","x":[1]},)"
              R"("type":"function"}])");
}

TEST(DefinitionJson, TakesAResponseFormatApartForResponses) {
    const struct {
        const char* given;
        const char* expected;
    } rows[] = {
        {"", ""},
        {R"("auto")", ""},
        {R"({"type":"text"})", R"({"type":"text"})"},
        {R"({"type":"json_object"})", R"({"type":"json_object"})"},
        {R"({"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"a":1}}})",
         R"({"type":"json_schema","name":"n","strict":true,"schema":{"a":1}})"},
        {R"({"type":"json_schema","json_schema":7})", R"({"type":"json_schema","json_schema":7})"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(textFormat(row.given), row.expected) << row.given;
    }
}

TEST(DefinitionJson, MarksARunBesideTheClientsPairs) {
    const Settings settings;
    const auto metadataOf = [&](std::string_view given) {
        return runMetadata(contextOf(settings, given));
    };
    const std::string alone = R"({"edgerun_job":"job1"})";
    EXPECT_EQ(jobTag("job1"), alone);
    EXPECT_EQ(metadataOf(""), alone);
    EXPECT_EQ(metadataOf("[1]"), alone);
    EXPECT_EQ(metadataOf(R"({"a":"b"})"), R"({"a":"b","edgerun_job":"job1"})");
    EXPECT_EQ(metadataOf(R"({"edgerun_job":"other"})"), alone);
    std::string many = "{";
    for (int i = 0; i < 16; ++i) {
        many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + R"(":"")";
    }
    EXPECT_EQ(metadataOf(many + "}"), alone) << "more than the API takes";
}

TEST(DefinitionJson, TakesTheAssistantsModelBeforeTheProviders) {
    Settings settings;
    Assistant assistant;
    Context context = contextOf(settings);
    EXPECT_EQ(modelOf(context), "");
    settings.model = "of the provider";
    EXPECT_EQ(modelOf(context), "of the provider");
    context.assistant = &assistant;
    EXPECT_EQ(modelOf(context), "of the provider");
    assistant.model = "of the assistant";
    EXPECT_EQ(modelOf(context), "of the assistant");
}

}  // namespace
}  // namespace edgerun::run
