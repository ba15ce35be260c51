#include "edgerun/run/responses_output.h"

#include <algorithm>
#include <unordered_set>

#include "edgerun/run/run_members.h"
#include "edgerun/run/steps.h"

namespace edgerun::run {
namespace {

constexpr std::size_t kMostEntries = 64;  // of one item, as steps keep them

std::string_view textOf(const json_t* object, const char* name) {
    return text::stringMember(object, name).value_or("");
}

bool isOfType(const json_t* object, const char* type) {
    return text::stringMember(object, "type") == type;
}

/// The array's elements, the first ones.
Items elementsOf(const json_t* object, const char* name, std::size_t most) {
    const json_t* array = json_object_get(object, name);
    Items elements;
    for (std::size_t i = 0; i < std::min(json_array_size(array), most); ++i) {
        elements.push_back(json_array_get(array, i));
    }
    return elements;
}

/// The words of one part; absent for whatever else there may be.
std::optional<std::string_view> wordsOf(const json_t* part) {
    if (isOfType(part, "output_text")) {
        return text::stringMember(part, "text");
    }
    return isOfType(part, "refusal") ? text::stringMember(part, "refusal") : std::nullopt;
}

void addWordsOf(const json_t* message, std::optional<std::string>& answer) {
    for (const json_t* part : elementsOf(message, "content", SIZE_MAX)) {
        addWords(wordsOf(part), answer);
    }
}

void addCitations(const Work& work, std::string_view messageId, const json_t* message) {
    std::size_t count = 0;
    for (const json_t* part : elementsOf(message, "content", kMostEntries)) {
        for (const json_t* note : elementsOf(part, "annotations", kMostEntries)) {
            const auto fileId = text::stringMember(note, "file_id");
            if (fileId && ++count <= kMostEntries) {
                addCitation(work, messageId, *fileId, textOf(note, "filename"));
            }
        }
    }
}

void readMessage(Output& output, const json_t* message, const Work& work) {
    addWordsOf(message, output.words);
    output.isCutShort = output.isCutShort || text::stringMember(message, "status") == "incomplete";
    const std::string_view id = textOf(message, "id");
    if (addMessageStep(work, id)) {
        addCitations(work, id, message);
    }
}

/// Images have a URL, or are files of the container; clients get whichever there is.
void addCode(const json_t* call, const Work& work) {
    std::vector<std::string_view> logs;
    std::vector<std::string_view> images;
    for (const json_t* result : elementsOf(call, "outputs", 2 * kMostEntries)) {
        if (isOfType(result, "logs")) {
            logs.push_back(textOf(result, "logs"));
        } else if (isOfType(result, "image")) {
            const auto fileId = text::stringMember(result, "file_id");
            images.push_back(fileId ? *fileId : textOf(result, "url"));
        }
    }
    addCodeStep(work, textOf(call, "id"), textOf(call, "code"), logs, images);
}

void addSearch(const json_t* call, const Work& work) {
    std::vector<FoundFile> files;
    for (const json_t* result : elementsOf(call, "results", kMostEntries)) {
        const json_t* score = json_object_get(result, "score");
        files.push_back(
            {textOf(result, "file_id"), textOf(result, "filename"), json_number_value(score)});
    }
    addSearchStep(work, textOf(call, "id"), files);
}

std::unordered_set<std::string_view> answeredCallsOf(const Items& items) {
    std::unordered_set<std::string_view> ids;
    for (const json_t* item : items) {
        if (isOfType(item, "function_call_output")) {
            ids.insert(textOf(item, "call_id"));
        }
    }
    return ids;
}

}  // namespace

Output outputOf(const Items& items, const Work& work) {
    Output output;
    for (const json_t* item : items) {
        if (isOfType(item, "message")) {
            readMessage(output, item, work);
        } else if (isOfType(item, "code_interpreter_call")) {
            addCode(item, work);
        } else if (isOfType(item, "file_search_call")) {
            addSearch(item, work);
        }
    }
    output.round = pendingCallsOf(items, output.isSound);
    return output;
}

ToolRound pendingCallsOf(const Items& items, bool& isSound) {
    const std::unordered_set<std::string_view> answered = answeredCallsOf(items);
    ToolRound round;
    for (const json_t* item : items) {
        const bool isPending =
            isOfType(item, "function_call") && answered.count(textOf(item, "call_id")) == 0;
        if (isPending && !addCall(round, textOf(item, "call_id"), textOf(item, "name"),
                                  textOf(item, "arguments"))) {
            isSound = false;
            if (round.calls.size() == kMostCalls) {
                break;
            }
        }
    }
    return round;
}

}  // namespace edgerun::run
