#include <algorithm>

#include "edgerun/run/assistants_calls.h"
#include "edgerun/run/assistants_turn.h"
#include "edgerun/run/provider_id.h"
#include "edgerun/text/json.h"

/// An assistant that edgerun_assistant describes: found by its metadata, created where it is
/// missing, updated where its definition has changed. One job at a time does this, for all.
namespace edgerun::run {
namespace {

constexpr std::uint64_t kWhileOthersDo = 200;  // ms
constexpr std::size_t kDepth = 128;
constexpr std::size_t kValues = 200'000;

}  // namespace

/// Nothing to set up: it is an id, or known by now.
bool AssistantsTurn::knowsAssistant() const {
    return context_.assistant == nullptr || !context_.assistant->id.empty() ||
           !context_.assistantId.empty();
}

bool AssistantsTurn::seesToCall() {
    const bool isSettingUp = record_.phase == Phase::FindAssistant ||
                             record_.phase == Phase::CreateAssistant ||
                             record_.phase == Phase::UpdateAssistant;
    if (isSettingUp && knowsAssistant()) {
        assistantIsThere();
        return true;
    }
    if (isSettingUp && !context_.maySetUpAssistant) {
        record_.phase = Phase::FindAssistant;
        record_.notBefore = context_.now + kWhileOthersDo;
        waitUntilDue();
        return true;
    }
    if (record_.phase == Phase::CreateRun && !knowsAssistant()) {
        lookForAssistantAgain();  // no worker knows its id any more, as after a restart
        return true;
    }
    return false;
}

void AssistantsTurn::assistantsListed(std::string_view body) {
    if (knowsAssistant()) {
        return assistantIsThere();
    }
    const std::string mark = definitionMark(context_.assistantHash);
    const auto page = readAssistants(body, context_.assistant->name, mark);
    const auto former = text::stringMember(work().object(), "after");
    if (!page || (!page->after.empty() && page->after == former)) {
        return onFailure(nonsense(purpose()));
    }
    record_.failures = 0;
    if (page->id && page->isCurrent) {
        step_.assistantId = std::string(page->id->view());
        return assistantIsThere();
    }
    if (page->id) {
        const std::string_view id = page->id->view();
        work().set("assistant", json_stringn(id.data(), id.size()));
        record_.phase = Phase::UpdateAssistant;
    } else if (!page->after.empty()) {
        work().set("after", json_stringn(page->after.data(), page->after.size()));
    } else if (record_.rounds > 0) {
        return startOver(Phase::CreateAssistant, "the assistant could not be created", 0);
    } else {
        record_.phase = Phase::CreateAssistant;
    }
    setWork();
    send();
}

void AssistantsTurn::assistantSaved(std::string_view body) {
    const auto id = readId(body);
    if (!id) {
        return onFailure(nonsense(purpose()));
    }
    step_.assistantId = std::string(id->view());
    assistantIsThere();
}

/// Goes on where the job was kept from: at its beginning, or at the run.
void AssistantsTurn::assistantIsThere() {
    work().remove("assistant");
    work().remove("after");
    if (!context_.request.work.empty() || step_.work) {
        setWork();
    }
    record_.failures = 0;
    record_.rounds = 0;
    record_.intentAt = 0;
    if (record_.isAssistantNew) {
        record_.phase = Phase::CreateRun;
    } else {
        record_.phase = record_.threadId.empty() ? Phase::CreateThread : Phase::AddMessage;
    }
    if (step_.assistantId) {
        return goOnWithRequest();  // so that the run is told its id
    }
    record_.notBefore = 0;
    goOn();
}

/// Somebody deleted it upstream. Once for each job.
bool AssistantsTurn::assistantIsGone(const Failure& failure) {
    const bool isDescribed = context_.assistant != nullptr && context_.assistant->id.empty();
    if (!failure.isOfAssistant || !isDescribed || record_.isAssistantNew) {
        return false;
    }
    step_.assistantId = std::string();
    lookForAssistantAgain();
    return true;
}

void AssistantsTurn::lookForAssistantAgain() {
    record_.isAssistantNew = true;
    record_.intentAt = 0;
    record_.rounds = 0;
    record_.failures = 0;
    record_.phase = Phase::FindAssistant;
    goOnWithRequest();
}

std::optional<AssistantsReply> readAssistants(std::string_view body, std::string_view name,
                                              std::string_view mark) {
    const text::JsonPtr list = text::parseJson(body, {body.size(), kDepth, kValues});
    const json_t* data = json_object_get(list.get(), "data");
    if (!json_is_array(data)) {
        return std::nullopt;
    }
    AssistantsReply reply;
    for (std::size_t i = 0; i < json_array_size(data); ++i) {
        const json_t* assistant = json_array_get(data, i);
        const auto id = idOf(assistant);
        const json_t* metadata = json_object_get(assistant, "metadata");
        if (!id) {
            return std::nullopt;
        }
        if (text::stringMember(metadata, kAssistantKey) == name) {
            reply.id = id;
            reply.isCurrent = text::stringMember(metadata, kDefinitionKey) == mark;
            return reply;
        }
        reply.after = id->view();
    }
    if (!json_is_true(json_object_get(list.get(), "has_more"))) {
        reply.after.clear();
    }
    return reply;
}

}  // namespace edgerun::run
