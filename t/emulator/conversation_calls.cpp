#include <algorithm>

#include "item_page.h"
#include "item_schema.h"
#include "json_text.h"
#include "render.h"
#include "response_calls.h"
#include "response_life.h"
#include "response_refusal.h"
#include "response_render.h"
#include "response_start.h"

namespace emulator {

namespace {

std::variant<Conversation*, ApiError> conversationOf(CallContext& context) {
    return conversationOf(context, context.ids[0], "conversation_id");
}

CallResult conversationReply(const Conversation& conversation) {
    Reply reply;
    reply.body = renderConversation(conversation);
    return reply;
}

std::string metadataOf(const json_t* body) {
    const json_t* metadata = json_object_get(body, "metadata");
    return json_is_object(metadata) ? dumpJson(metadata) : "{}";
}

// The items of the body, or why they cannot be added after those that are `known`.
std::variant<ItemList, ApiError> newItems(CallContext& context, const ItemList& known) {
    const json_t* given = json_object_get(context.body.get(), "items");
    if (auto error = checkInputItems(given, "items")) {
        return std::move(*error);
    }
    return takeItems(context, given, known);
}

void append(CallContext& context, Conversation& conversation, const ItemList& items) {
    for (const ItemRef& item : items) {
        context.world.store().keepItem(item);
        conversation.items.push_back(item);
    }
}

ItemList::iterator findItem(Conversation& conversation, const std::string& id) {
    return std::find_if(conversation.items.begin(), conversation.items.end(),
                        [&id](const ItemRef& item) { return item->id == id; });
}

}  // namespace

std::variant<Conversation*, ApiError> conversationOf(CallContext& context, const std::string& id,
                                                     const std::string& param) {
    constexpr std::string_view kPrefix = "conv_";
    if (id.compare(0, kPrefix.size(), kPrefix) != 0) {
        return refusal::malformedId(param, id, "conv");
    }
    ResponseStore& store = context.world.store();
    Conversation* conversation = store.findConversation(id);
    if (conversation == nullptr) {
        return refusal::conversationNotFound(id);
    }
    settleConversation(store, *conversation, context.nowMs);
    return conversation;
}

CallResult createConversation(CallContext& context) {
    auto items = newItems(context, {});
    if (auto* error = std::get_if<ApiError>(&items)) {
        return std::move(*error);
    }
    Conversation& conversation =
        context.world.store().addConversation(context.world.newId("conv_"));
    conversation.createdMs = context.nowMs;
    conversation.metadata = metadataOf(context.body.get());
    append(context, conversation, std::get<ItemList>(items));
    return conversationReply(conversation);
}

CallResult getConversation(CallContext& context) {
    auto found = conversationOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    return conversationReply(*std::get<Conversation*>(found));
}

CallResult updateConversation(CallContext& context) {
    auto found = conversationOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Conversation& conversation = *std::get<Conversation*>(found);
    conversation.metadata = metadataOf(context.body.get());
    return conversationReply(conversation);
}

CallResult deleteConversation(CallContext& context) {
    auto found = conversationOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Reply reply;
    reply.body = renderDeleted(context.ids[0], "conversation.deleted");
    context.world.store().removeConversation(context.ids[0]);
    return reply;
}

CallResult createItems(CallContext& context) {
    if (auto error = checkInclude(context.query)) {
        return std::move(*error);
    }
    auto found = conversationOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Conversation& conversation = *std::get<Conversation*>(found);
    if (isLocked(conversation)) {
        return refusal::conversationLocked();
    }
    auto items = newItems(context, conversation.items);
    if (auto* error = std::get_if<ApiError>(&items)) {
        return std::move(*error);
    }
    append(context, conversation, std::get<ItemList>(items));
    return renderAllItems(std::get<ItemList>(items), context.query);
}

CallResult listItems(CallContext& context) {
    if (auto error = checkInclude(context.query)) {
        return std::move(*error);
    }
    auto found = conversationOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    return renderItemPage(std::get<Conversation*>(found)->items, context.query);
}

CallResult getItem(CallContext& context) {
    if (auto error = checkInclude(context.query)) {
        return std::move(*error);
    }
    auto found = conversationOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Conversation& conversation = *std::get<Conversation*>(found);
    const auto item = findItem(conversation, context.ids[1]);
    if (item == conversation.items.end()) {
        return refusal::itemNotFound(context.ids[1]);
    }
    Reply reply;
    reply.body = renderItem(**item, includesOf(context.query));
    return reply;
}

CallResult deleteItem(CallContext& context) {
    auto found = conversationOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Conversation& conversation = *std::get<Conversation*>(found);
    const auto item = findItem(conversation, context.ids[1]);
    if (item == conversation.items.end()) {
        return refusal::itemNotFound(context.ids[1]);
    }
    conversation.items.erase(item);
    return conversationReply(conversation);
}

}  // namespace emulator
