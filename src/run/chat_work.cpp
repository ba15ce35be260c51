#include "edgerun/run/chat_work.h"

#include "edgerun/run/steps.h"

namespace edgerun::run {
namespace {

constexpr char kHistory[] = "history";
constexpr char kMessages[] = "messages";
constexpr char kCalls[] = "calls";

json_t* stringValue(std::string_view text) {
    return json_stringn(text.data(), text.size());
}

json_t* saying(const char* role, std::string_view content) {
    json_t* entry = json_object();
    json_object_set_new(entry, "role", json_string(role));
    json_object_set_new(entry, "content", stringValue(content));
    return entry;
}

bool isQuestion(const json_t* entry) {
    return text::stringMember(entry, "role") == "user";
}

/// The first entry that stays: an exchange begins with its question.
std::size_t firstThatFits(const json_t* history, std::size_t most) {
    std::size_t first = json_array_size(history);
    std::size_t bytes = 2;  // the brackets
    for (std::size_t i = first; i > 0; --i) {
        const json_t* entry = json_array_get(history, i - 1);
        bytes += text::dumpJson(entry).size() + 1;
        if (bytes > most + 1) {  // the last one has no comma
            break;
        }
        first = isQuestion(entry) ? i - 1 : first;
    }
    return first;
}

void dropBefore(const Work& work, const json_t* history, std::size_t first) {
    json_t* kept = json_array();
    for (std::size_t i = first; i < json_array_size(history); ++i) {
        json_array_append(kept, json_array_get(history, i));
    }
    work.set(kHistory, kept);
}

}  // namespace

void beginHistory(const Work& work) {
    work.set(kHistory, json_array());
}

bool takeHistory(const Work& work, std::string_view memory) {
    const Work former(memory);
    json_t* history = json_object_get(former.object(), kHistory);
    if (!json_is_array(history)) {
        return false;
    }
    work.set(kHistory, json_incref(history));
    return true;
}

void addExchange(const Work& work, std::string_view query, std::string_view answer,
                 std::size_t most) {
    json_t* history = json_object_get(work.object(), kHistory);
    json_array_append_new(history, saying("user", query));
    json_array_append_new(history, saying("assistant", answer));
    const std::size_t first = firstThatFits(history, most);
    if (first > 0) {
        dropBefore(work, history, first);
    }
}

const json_t* historyOf(const Work& work) {
    return json_object_get(work.object(), kHistory);
}

void keepHistoryAlone(const Work& work) {
    json_t* history = json_incref(json_object_get(work.object(), kHistory));
    json_object_clear(work.object());
    work.set(kHistory, history);
}

void addMessage(const Work& work, std::string_view id, std::string_view text) {
    json_t* list = json_object_get(work.object(), kMessages);
    if (!json_is_array(list)) {
        list = json_array();
        work.set(kMessages, list);
    }
    json_t* message = json_object();
    json_object_set_new(message, "id", stringValue(id));
    json_object_set_new(message, "text", stringValue(text));
    json_array_append_new(list, message);
}

void endRound(const Work& work) {
    const json_t* list = json_object_get(work.object(), kMessages);
    json_t* calls = json_object_get(work.object(), kCalls);
    const std::size_t size = json_array_size(list);
    if (size > 0 && calls != nullptr) {
        json_object_set(json_array_get(list, size - 1), kCalls, calls);
    }
    work.remove(kCalls);
}

std::vector<ChatMessage> messagesOf(const Work& work) {
    const json_t* list = json_object_get(work.object(), kMessages);
    std::vector<ChatMessage> messages;
    messages.reserve(json_array_size(list));
    for (std::size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* message = json_array_get(list, i);
        messages.push_back({text::stringMember(message, "id").value_or(""),
                            text::stringMember(message, "text").value_or(""),
                            roundOf(json_object_get(message, kCalls))});
    }
    if (!messages.empty() && messages.back().round.calls.empty()) {
        messages.back().round = roundOf(work);
    }
    return messages;
}

std::string chatSteps(const Work& work) {
    const Work steps({});
    for (const ChatMessage& message : messagesOf(work)) {
        if (!message.text.empty()) {
            addMessageStep(steps, message.id);
        }
        for (const FunctionCall& call : message.round.calls) {
            addFunctionStep(steps, call);
        }
    }
    return stepsText(steps);
}

}  // namespace edgerun::run
