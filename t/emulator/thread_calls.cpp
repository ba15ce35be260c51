#include "thread_calls.h"

#include "list_page.h"
#include "render.h"
#include "run_life.h"

namespace emulator {

namespace {

Reply okReply(std::string json) {
    Reply reply;
    reply.body = std::move(json);
    return reply;
}

void appendMessages(CallContext& context, Thread& thread, const json_t* messages) {
    for (std::size_t i = 0; i < json_array_size(messages); ++i) {
        appendMessage(context, thread, json_array_get(messages, i));
    }
}

}  // namespace

std::variant<Thread*, ApiError> threadOf(CallContext& context) {
    const std::string& id = context.ids[0];
    if (id.compare(0, 7, "thread_") != 0) {
        return refusal::malformedId("thread_id", id, "thread");
    }
    Thread* thread = context.world.findThread(id);
    if (thread == nullptr) {
        return refusal::notFound("thread", id);
    }
    settleThread(context.world, *thread, context.nowMs);
    return thread;
}

Message& appendMessage(CallContext& context, Thread& thread, const json_t* body) {
    Message message;
    message.id = context.world.newId("msg_");
    message.json = renderMessage(thread, message.id, body, context.nowMs);
    std::string text = messageText(body);
    thread.textLength += static_cast<std::int64_t>(text.size());
    if (std::string_view(json_string_value(json_object_get(body, "role"))) == "user") {
        thread.lastQuestion = std::move(text);
    }
    thread.messages.push_back(std::move(message));
    return thread.messages.back();
}

CallResult createThread(CallContext& context) {
    Thread& thread = context.world.addThread();
    thread.createdMs = context.nowMs;
    thread.json = renderThread(thread, context.body.get());
    appendMessages(context, thread, json_object_get(context.body.get(), "messages"));
    return okReply(thread.json);
}

CallResult getThread(CallContext& context) {
    auto found = threadOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    return okReply(std::get<Thread*>(found)->json);
}

CallResult deleteThread(CallContext& context) {
    auto found = threadOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    const std::string id = std::get<Thread*>(found)->id;
    context.world.removeThread(id);
    return okReply(renderDeleted(id, "thread.deleted"));
}

CallResult addMessage(CallContext& context) {
    auto found = threadOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Thread& thread = *std::get<Thread*>(found);
    if (const Run* run = activeRun(thread)) {
        return refusal::threadIsLocked(thread.id, run->id);
    }
    return okReply(appendMessage(context, thread, context.body.get()).json);
}

CallResult listMessages(CallContext& context) {
    auto found = threadOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    auto query = readListQuery(context.query);
    if (auto* error = std::get_if<ApiError>(&query)) {
        return std::move(*error);
    }
    const auto& wanted = std::get<ListQuery>(query);
    std::vector<ListItem> items;
    for (const Message& message : std::get<Thread*>(found)->messages) {
        if (wanted.runId.empty() || wanted.runId == message.runId) {
            items.push_back({message.id, message.json});
        }
    }
    return renderPage(items, wanted, "message");
}

CallResult getMessage(CallContext& context) {
    auto found = threadOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    for (const Message& message : std::get<Thread*>(found)->messages) {
        if (message.id == context.ids[1]) {
            return okReply(message.json);
        }
    }
    return refusal::notFound("message", context.ids[1]);
}

}  // namespace emulator
