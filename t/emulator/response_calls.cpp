#include "response_calls.h"

#include "clock.h"
#include "item_page.h"
#include "item_schema.h"
#include "render.h"
#include "response_life.h"
#include "response_refusal.h"
#include "response_render.h"
#include "response_schema.h"
#include "response_start.h"

namespace emulator {

namespace {

// The settled response of the path, or why there is none.
std::variant<Response*, ApiError> responseOf(CallContext& context) {
    const std::string& id = context.ids[0];
    if (id.compare(0, 5, "resp_") != 0) {
        return refusal::malformedId("response_id", id, "resp");
    }
    Response* response = context.world.store().findResponse(id);
    if (response == nullptr || !isFindable(*response, context.nowMs)) {
        return refusal::responseNotFound(id);
    }
    settleResponse(context.world.store(), *response, context.nowMs);
    return response;
}

Reply replyWith(const CallContext& context, const Response& response, const Inclusions& includes) {
    Reply reply;
    reply.body = renderResponse(response, includes);
    const std::int64_t hint = response.script.pollAfterMs.value_or(context.settings.pollAfterMs);
    if (hint > 0 && !isFinal(response.status)) {
        reply.headers.emplace_back("openai-poll-after-ms", std::to_string(hint));
    }
    return reply;
}

// The answer by which a client learns of the end.
Reply tellingReply(const CallContext& context, const Response& response,
                   const Inclusions& includes) {
    Reply reply = replyWith(context, response, includes);
    if (response.script.isGarbage && isFinal(response.status)) {
        reply.body.resize(reply.body.size() / 2);
    }
    return reply;
}

Inclusions includesInBody(const json_t* body) {
    Inclusions includes;
    const json_t* values = json_object_get(body, "include");
    for (std::size_t i = 0; i < json_array_size(values); ++i) {
        includes.emplace(stringOf(json_array_get(values, i)));
    }
    return includes;
}

Response& addResponse(CallContext& context, ResponseStart&& start) {
    const json_t* body = context.body.get();
    Response& response =
        context.world.store().addResponse(context.world.newId("resp_"), start.conversation);
    response.previousId = std::move(start.previousId);
    response.context = std::move(start.context);
    response.input = std::move(start.input);
    response.job = stringOf(json_object_get(body, "metadata"), "edgerun_job");
    response.echo = readResponseEcho(body);
    response.isBackground =
        json_is_true(json_object_get(body, "background")) && context.settings.honoursBackground;
    response.isStored = !json_is_false(json_object_get(body, "store"));
    beginResponse(context.world, context.settings, response, context.nowMs);
    return response;
}

void abandonResponse(World& world, const std::string& id, std::int64_t nowMs) {
    if (Response* response = world.store().findResponse(id)) {
        settleResponse(world.store(), *response, nowMs);
        cancelResponse(*response, nowMs);
        settleResponse(world.store(), *response, nowMs);
    }
}

// The call lasts as long as the response; a client that leaves takes the response with it.
Reply heldReply(const CallContext& context, const Response& response) {
    Reply reply =
        tellingReply(context, finishedResponse(response), includesInBody(context.body.get()));
    reply.holdMs = response.endsMs - context.nowMs;
    reply.whenAbandoned = [&world = context.world, id = response.id] {
        abandonResponse(world, id, nowMs());
    };
    return reply;
}

}  // namespace

CallResult createResponse(CallContext& context) {
    if (auto error = checkResponseBody(context.body.get())) {
        return std::move(*error);
    }
    auto start = findStart(context);
    if (auto* error = std::get_if<ApiError>(&start)) {
        return std::move(*error);
    }
    const Response& response = addResponse(context, std::move(std::get<ResponseStart>(start)));
    return response.isBackground ? replyWith(context, response, includesInBody(context.body.get()))
                                 : heldReply(context, response);
}

CallResult pollResponse(CallContext& context) {
    if (auto error = checkInclude(context.query)) {
        return std::move(*error);
    }
    auto found = responseOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Response& response = *std::get<Response*>(found);
    if (response.firstSeenFinalMs == 0 && isFinal(response.status)) {
        response.firstSeenFinalMs = context.nowMs;
    }
    return tellingReply(context, response, includesOf(context.query));
}

// As often as one likes: what is over stays as it is.
CallResult cancelResponseCall(CallContext& context) {
    auto found = responseOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Response& response = *std::get<Response*>(found);
    if (!response.isBackground) {
        return refusal::synchronousResponse();
    }
    cancelResponse(response, context.nowMs);
    settleResponse(context.world.store(), response, context.nowMs);
    return replyWith(context, response, {});
}

CallResult deleteResponse(CallContext& context) {
    auto found = responseOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Response& response = *std::get<Response*>(found);
    response.isDeleted = true;
    Reply reply;
    reply.body = renderDeleted(response.id, "response");
    return reply;
}

CallResult listInputItems(CallContext& context) {
    if (auto error = checkInclude(context.query)) {
        return std::move(*error);
    }
    auto found = responseOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    return renderItemPage(std::get<Response*>(found)->input, context.query);
}

}  // namespace emulator
