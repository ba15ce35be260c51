#include "edgerun/run/steps.h"

#include <algorithm>

#include "edgerun/text/utf8.h"

namespace edgerun::run {
namespace {

constexpr char kSteps[] = "steps";
constexpr std::size_t kScoreDigits = 6;
constexpr char kStepBytes[] = "stepBytes";  // what they come to as text, about
constexpr std::size_t kMostEntries = 64;    // logs, images, results or citations of one step

json_t* stringValue(std::string_view text) {
    const std::string_view kept = text::cutAtBytes(text, kMostStepText);
    return json_stringn(kept.data(), kept.size());
}

json_t* stringList(const std::vector<std::string_view>& texts) {
    json_t* list = json_array();
    for (const std::string_view text : texts) {
        if (json_array_size(list) < kMostEntries) {
            json_array_append_new(list, stringValue(text));
        }
    }
    return list;
}

json_t* listOf(const Work& work) {
    json_t* list = json_object_get(work.object(), kSteps);
    if (!json_is_array(list)) {
        list = json_array();
        work.set(kSteps, list);
        work.remove(kStepBytes);
    }
    return list;
}

/// Is there room for so many bytes more? If not, then for nothing that comes later either.
bool takeRoom(const Work& work, std::size_t bytes) {
    const auto taken = static_cast<std::size_t>(
        std::max<std::int64_t>(text::integerMember(work.object(), kStepBytes).value_or(0), 0));
    const std::size_t sum = std::min(taken, kMostStepBytes) + bytes + 2;
    work.set(kStepBytes, json_integer(static_cast<json_int_t>(std::min(sum, kMostStepBytes))));
    return sum < kMostStepBytes;
}

json_t* newStep(const char* type, std::string_view id) {
    json_t* step = json_object();
    json_object_set_new(step, "type", json_string(type));
    if (!id.empty()) {
        json_object_set_new(step, "id", stringValue(id));
    }
    return step;
}

/// Takes the step's reference. False if there is no room for it.
bool append(const Work& work, json_t* step) {
    json_t* list = listOf(work);
    const bool fits =
        json_array_size(list) < kMostSteps && takeRoom(work, text::dumpJson(step).size());
    if (fits) {
        json_array_append_new(list, step);
    } else {
        json_decref(step);
    }
    return fits;
}

/// From the end, where the message that is being read has its own.
json_t* messageStep(const Work& work, std::string_view messageId) {
    const json_t* list = json_object_get(work.object(), kSteps);
    for (std::size_t i = json_array_size(list); i > 0; --i) {
        json_t* step = json_array_get(list, i - 1);
        if (text::stringMember(step, "type") == "message" &&
            text::stringMember(step, "id").value_or("") == messageId) {
            return step;
        }
    }
    return nullptr;
}

}  // namespace

bool addMessageStep(const Work& work, std::string_view messageId) {
    return append(work, newStep("message", messageId));
}

void addCitation(const Work& work, std::string_view messageId, std::string_view fileId,
                 std::string_view fileName) {
    if (messageStep(work, messageId) == nullptr) {
        addMessageStep(work, messageId);
    }
    json_t* step = messageStep(work, messageId);
    if (step == nullptr) {
        return;  // there were too many steps
    }
    json_t* citations = json_object_get(step, "citations");
    if (citations == nullptr) {
        citations = json_array();
        json_object_set_new(step, "citations", citations);
    }
    if (json_array_size(citations) == kMostEntries) {
        return;
    }
    json_t* citation = json_object();
    json_object_set_new(citation, "fileId", stringValue(fileId));
    if (!fileName.empty()) {
        json_object_set_new(citation, "fileName", stringValue(fileName));
    }
    if (takeRoom(work, text::dumpJson(citation).size())) {
        json_array_append_new(citations, citation);
    } else {
        json_decref(citation);
    }
}

void addCodeStep(const Work& work, std::string_view id, std::string_view input,
                 const std::vector<std::string_view>& logs,
                 const std::vector<std::string_view>& imageFileIds) {
    json_t* step = newStep("code_interpreter", id);
    json_object_set_new(step, "input", stringValue(input));
    json_object_set_new(step, "logs", stringList(logs));
    json_object_set_new(step, "imageFileIds", stringList(imageFileIds));
    append(work, step);
}

void addSearchStep(const Work& work, std::string_view id, const std::vector<FoundFile>& results) {
    json_t* list = json_array();
    for (const FoundFile& file : results) {
        if (json_array_size(list) == kMostEntries) {
            break;
        }
        json_t* result = json_object();
        json_object_set_new(result, "fileId", stringValue(file.fileId));
        json_object_set_new(result, "fileName", stringValue(file.fileName));
        json_object_set_new(result, "score", json_real(file.score));
        json_array_append_new(list, result);
    }
    json_t* step = newStep("file_search", id);
    json_object_set_new(step, "results", list);
    append(work, step);
}

void addFunctionStep(const Work& work, const FunctionCall& call) {
    json_t* step = newStep("function", call.id);
    json_object_set_new(step, "name", stringValue(call.name));
    json_object_set_new(step, "arguments", stringValue(call.arguments));
    if (call.output) {
        json_object_set_new(step, "output", stringValue(*call.output));
    }
    append(work, step);
}

std::string stepsText(const Work& work) {
    const json_t* list = json_object_get(work.object(), kSteps);
    std::string text;
    for (std::size_t i = 0; i < json_array_size(list); ++i) {
        const std::string step = text::dumpJson(json_array_get(list, i), kScoreDigits);
        if (text.size() + step.size() + 2 > kMostStepBytes) {
            break;
        }
        text += (text.empty() ? "[" : ",") + step;
    }
    return text.empty() ? text : text + "]";
}

void clearSteps(const Work& work) {
    work.remove(kSteps);
    work.remove(kStepBytes);
}

}  // namespace edgerun::run
