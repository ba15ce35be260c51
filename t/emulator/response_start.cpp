#include "response_start.h"

#include <algorithm>

#include "items.h"
#include "response_calls.h"
#include "response_life.h"
#include "response_refusal.h"

namespace emulator {

namespace {

using Refusal = std::optional<ApiError>;

Refusal beginInConversation(CallContext& context, const json_t* given, ResponseStart& start) {
    const std::string id(json_is_string(given) ? stringOf(given) : stringOf(given, "id"));
    auto found = conversationOf(context, id, "conversation");
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    start.conversation = std::get<Conversation*>(found);
    if (isLocked(*start.conversation)) {
        return refusal::conversationLocked();
    }
    start.context = start.conversation->items;
    return std::nullopt;
}

Refusal beginAfter(CallContext& context, const std::string& id, ResponseStart& start) {
    constexpr std::string_view kPrefix = "resp_";
    if (id.compare(0, kPrefix.size(), kPrefix) != 0) {
        return refusal::malformedId("previous_response_id", id, "resp");
    }
    ResponseStore& store = context.world.store();
    Response* previous = store.findResponse(id);
    if (previous == nullptr || !previous->isStored || !isFindable(*previous, context.nowMs)) {
        return refusal::previousNotFound(id);
    }
    settleResponse(store, *previous, context.nowMs);
    if (!isFinal(previous->status)) {
        return refusal::previousIsRunning(id, statusWord(*previous));
    }
    start.previousId = id;
    start.context = previous->context;
    start.context.insert(start.context.end(), previous->input.begin(), previous->input.end());
    if (previous->status == ResponseStatus::kCompleted ||
        previous->status == ResponseStatus::kIncomplete) {
        start.context.insert(start.context.end(), previous->output.begin(), previous->output.end());
    }
    return std::nullopt;
}

Refusal findContext(CallContext& context, ResponseStart& start) {
    const json_t* conversation = json_object_get(context.body.get(), "conversation");
    if (json_is_string(conversation) || json_is_object(conversation)) {
        return beginInConversation(context, conversation, start);
    }
    const json_t* previous = json_object_get(context.body.get(), "previous_response_id");
    return json_is_string(previous) ? beginAfter(context, std::string(stringOf(previous)), start)
                                    : std::nullopt;
}

Refusal readInput(CallContext& context, ResponseStart& start) {
    const json_t* input = json_object_get(context.body.get(), "input");
    if (json_is_string(input)) {
        start.input.push_back(makeUserMessage(context.world, stringOf(input)));
        return std::nullopt;
    }
    auto items = takeItems(context, input, start.context);
    if (auto* error = std::get_if<ApiError>(&items)) {
        return std::move(*error);
    }
    start.input = std::move(std::get<ItemList>(items));
    return std::nullopt;
}

// Each call has one output, each output one call; in what order is all the same.
Refusal checkToolOutputs(const ResponseStart& start) {
    std::vector<std::string> pending = pendingCalls(start.context);
    for (const ItemRef& item : start.input) {
        if (item->kind == ItemKind::kFunctionCall) {
            pending.push_back(item->callId);
        }
    }
    for (const ItemRef& item : start.input) {
        if (item->kind != ItemKind::kFunctionCallOutput) {
            continue;
        }
        const auto call = std::find(pending.begin(), pending.end(), item->callId);
        if (call == pending.end()) {
            return refusal::orphanToolOutput(item->callId);
        }
        pending.erase(call);
    }
    return pending.empty() ? std::nullopt : Refusal(refusal::missingToolOutput(pending.front()));
}

bool contains(const ItemList& items, const std::string& id) {
    return std::any_of(items.begin(), items.end(),
                       [&id](const ItemRef& item) { return item->id == id; });
}

ItemRef takeItem(CallContext& context, const json_t* given) {
    const bool isReference = json_object_get(given, "role") == nullptr &&
                             (json_object_get(given, "type") == nullptr ||
                              json_is_null(json_object_get(given, "type")) ||
                              stringOf(given, "type") == "item_reference");
    return isReference ? context.world.store().findItem(std::string(stringOf(given, "id")))
                       : makeItem(context.world, given);
}

}  // namespace

std::variant<ResponseStart, ApiError> findStart(CallContext& context) {
    ResponseStart start;
    if (auto error = findContext(context, start)) {
        return std::move(*error);
    }
    if (auto error = readInput(context, start)) {
        return std::move(*error);
    }
    if (auto error = checkToolOutputs(start)) {
        return std::move(*error);
    }
    return start;
}

std::variant<ItemList, ApiError> takeItems(CallContext& context, const json_t* given,
                                           const ItemList& known) {
    ItemList items;
    for (std::size_t i = 0; i < json_array_size(given); ++i) {
        ItemRef item = takeItem(context, json_array_get(given, i));
        if (item == nullptr) {
            return refusal::itemNotFound(stringOf(json_array_get(given, i), "id"));
        }
        if (contains(known, item->id) || contains(items, item->id)) {
            return refusal::duplicateItem(item->id);
        }
        items.push_back(std::move(item));
    }
    return items;
}

}  // namespace emulator
