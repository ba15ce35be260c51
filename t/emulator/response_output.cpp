#include "response_output.h"

#include "answer.h"
#include "items.h"
#include "json_text.h"

namespace emulator {

namespace {

ItemRef itemOf(const std::string& json) {
    return std::make_shared<const Item>(modelItem(parseJson(json)));
}

ItemRef functionCall(World& world, const std::string& name, const std::string& arguments) {
    return itemOf(ObjectText()
                      .string("id", world.newId("fc_"))
                      .raw("type", "\"function_call\"")
                      .raw("status", "\"completed\"")
                      .string("arguments", arguments)
                      .string("call_id", world.newId("call_"))
                      .string("name", name)
                      .take());
}

ItemRef codeInterpreterCall(World& world) {
    return itemOf(ObjectText()
                      .string("id", world.newId("ci_"))
                      .raw("type", "\"code_interpreter_call\"")
                      .raw("status", "\"completed\"")
                      .raw("code", "\"print(6 * 7)\"")
                      .raw("container_id", "\"cntr_emulator0001\"")
                      .raw("outputs", R"([{"type":"logs","logs":"42\n"},{"type":"image",)"
                                      R"("url":"https://files.test/cfile_emulator0003.png"}])")
                      .take());
}

ItemRef fileSearchCall(World& world, const std::string& question) {
    return itemOf(ObjectText()
                      .string("id", world.newId("fs_"))
                      .raw("type", "\"file_search_call\"")
                      .raw("status", "\"completed\"")
                      .raw("queries", "[" + jsonString(question) + "]")
                      .raw("results", R"([{"file_id":"file-emulator0001","filename":"notes.txt",)"
                                      R"("score":0.92,"attributes":{},)"
                                      R"("text":"What the notes say about it."}])")
                      .take());
}

struct AnnotatedText {
    std::string value;
    std::string annotations = "[]";
};

// A citation has a place, but no text of its own; a file of the container has both.
AnnotatedText annotated(const std::string& text) {
    const std::string link = "sandbox:/mnt/data/result.csv";
    const auto end = static_cast<std::int64_t>(codePoints(text));
    const std::string citation = ObjectText()
                                     .raw("type", "\"file_citation\"")
                                     .raw("file_id", "\"file-emulator0001\"")
                                     .raw("filename", "\"notes.txt\"")
                                     .number("index", end)
                                     .take();
    const std::string path =
        ObjectText()
            .raw("type", "\"container_file_citation\"")
            .raw("container_id", "\"cntr_emulator0001\"")
            .raw("file_id", "\"cfile_emulator0002\"")
            .raw("filename", "\"result.csv\"")
            .number("start_index", end + 1)
            .number("end_index", end + 1 + static_cast<std::int64_t>(link.size()))
            .take();
    return {text + " " + link, "[" + citation + "," + path + "]"};
}

std::string answerPart(const RunScript& script, std::size_t index) {
    if (script.isRefused) {
        return ObjectText().raw("type", "\"refusal\"").string("refusal", kRefusalText).take();
    }
    AnnotatedText text{answerText(script, index)};
    if (script.hasAnnotations) {
        text = annotated(text.value);
    }
    return ObjectText(text.value.size() + 256)
        .raw("type", "\"output_text\"")
        .raw("annotations", text.annotations)
        .raw("logprobs", "[]")
        .string("text", text.value)
        .take();
}

ItemRef answerMessage(World& world, const Response& response, std::size_t index) {
    const bool isIncomplete = response.plannedEnd == ResponseStatus::kIncomplete;
    return itemOf(ObjectText()
                      .string("id", world.newId("msg_"))
                      .raw("type", "\"message\"")
                      .string("status", isIncomplete ? "incomplete" : "completed")
                      .raw("content", "[" + answerPart(response.script, index) + "]")
                      .raw("role", "\"assistant\"")
                      .take());
}

ItemList makeAnswer(World& world, const Response& response) {
    const RunScript& script = response.script;
    ItemList output;
    if (script.usesCodeInterpreter) {
        output.push_back(codeInterpreterCall(world));
    }
    if (script.usesFileSearch) {
        output.push_back(fileSearchCall(world, script.question));
    }
    for (std::size_t i = 0; i < script.messageCount; ++i) {
        output.push_back(answerMessage(world, response, i));
    }
    return output;
}

}  // namespace

ItemList makeOutput(World& world, const Response& response) {
    ItemList output;
    if (asksForTools(response)) {
        for (const std::string& name : response.script.tools) {
            output.push_back(functionCall(world, name, response.script.toolArguments));
        }
        return output;
    }
    const bool hasAnswer = response.plannedEnd == ResponseStatus::kCompleted ||
                           response.plannedEnd == ResponseStatus::kIncomplete;
    return hasAnswer ? makeAnswer(world, response) : output;
}

bool asksForTools(const Response& response) {
    return response.round < response.script.toolRounds;
}

}  // namespace emulator
