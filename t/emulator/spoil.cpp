#include <algorithm>

#include "faults.h"

namespace emulator {

namespace {

struct StatusBody {
    int status;
    std::string_view message;
    std::string_view type;
    std::string_view code;
};

constexpr StatusBody kStatusBodies[] = {
    {401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key"},
    {403, "You are not allowed to do this.", "invalid_request_error", ""},
    {404, "No such object.", "invalid_request_error", ""},
    {429, "Rate limit reached for requests.", "requests", "rate_limit_exceeded"},
    {500, "The server had an error while processing your request. Sorry about that!",
     "server_error", ""},
    {503, "The engine is currently overloaded, please try again later.", "server_error", ""},
};

Reply statusReply(int status) {
    for (const StatusBody& row : kStatusBodies) {
        if (row.status == status) {
            return errorReply({status, std::string(row.message), "", row.code, row.type});
        }
    }
    return errorReply({status, "The emulator was asked for status " + std::to_string(status) + ".",
                       "", "", status >= 500 ? "server_error" : "invalid_request_error"});
}

constexpr std::string_view kGarbage = "{\"id\": \"thread_\xff\xfe\x01, \"object\": [}";
constexpr std::string_view kHtml =
    "<!DOCTYPE html><html><head><title>Bad gateway</title></head>"
    "<body><h1>Bad gateway</h1><p>The origin did not answer.</p></body></html>";

// A valid answer with a member that makes it `size` bytes long.
std::string padded(std::string_view object, std::size_t size) {
    constexpr std::string_view kOpening = "{\"padding\":\"";
    const std::string_view members = object.size() > 2 ? object.substr(1) : "}";
    const std::string closing = members == "}" ? "\"" : "\",";
    const std::size_t fixed = kOpening.size() + closing.size() + members.size();
    std::string text(kOpening);
    text.append(size > fixed ? size - fixed : 0, 'x');
    return text + closing + std::string(members);
}

std::string otherId(std::string_view id) {
    std::string other(id);
    std::rotate(other.begin() + static_cast<std::ptrdiff_t>(
                                    std::min(other.find_first_of("_-") + 1, other.size())),
                other.end() - (other.empty() ? 0 : 1), other.end());
    return other;
}

void replaceIds(json_t* object) {
    for (const char* name : {"id", "thread_id", "run_id"}) {
        json_t* id = json_object_get(object, name);
        if (json_is_string(id)) {
            json_string_set(id, otherId(json_string_value(id)).c_str());
        }
    }
}

// The same answer about something that nobody asked for.
std::string withWrongIds(const std::string& body) {
    const JsonRef object = parseJson(body);
    json_t* data = json_object_get(object.get(), "data");
    replaceIds(object.get());
    for (std::size_t i = 0; i < json_array_size(data); ++i) {
        replaceIds(json_array_get(data, i));
    }
    return dumpJson(object.get());
}

Reply spoiledReply(const Fault& fault, Reply reply) {
    constexpr std::size_t kHugeByDefault = 16 * 1024 * 1024;
    switch (fault.action) {
        case FaultAction::kStatus:
            reply = statusReply(fault.status.value_or(500));
            break;
        case FaultAction::kGarbage:
            reply.body = kGarbage;
            break;
        case FaultAction::kHtml:
            reply.body = kHtml;
            reply.contentType = "text/html; charset=utf-8";
            break;
        case FaultAction::kHuge:
            reply.body = padded(reply.body, fault.bytes.value_or(kHugeByDefault));
            break;
        case FaultAction::kWrongId:
            reply.body = withWrongIds(reply.body);
            break;
        case FaultAction::kCutBefore:
        case FaultAction::kCutAfter:
        case FaultAction::kCutMidBody:
        case FaultAction::kHang:
        case FaultAction::kSlowBody:
        case FaultAction::kDelay:
        case FaultAction::kLate:
            break;
    }
    reply.status = fault.status.value_or(reply.status);
    reply.body = fault.body.value_or(std::move(reply.body));
    reply.headers.insert(reply.headers.end(), fault.headers.begin(), fault.headers.end());
    return reply;
}

Delivery::Manner mannerOf(FaultAction action) {
    switch (action) {
        case FaultAction::kCutBefore:
        case FaultAction::kCutAfter:
        case FaultAction::kLate:
            return Delivery::Manner::kCut;
        case FaultAction::kCutMidBody:
            return Delivery::Manner::kCutBody;
        case FaultAction::kHang:
            return Delivery::Manner::kHeld;
        case FaultAction::kSlowBody:
            return Delivery::Manner::kDribble;
        case FaultAction::kStatus:
        case FaultAction::kGarbage:
        case FaultAction::kHtml:
        case FaultAction::kHuge:
        case FaultAction::kWrongId:
        case FaultAction::kDelay:
            return Delivery::Manner::kWhole;
    }
    return Delivery::Manner::kWhole;
}

}  // namespace

Delivery spoil(const Fault& fault, Reply normal) {
    Delivery delivery;
    delivery.manner = mannerOf(fault.action);
    delivery.reply = spoiledReply(fault, std::move(normal));
    delivery.isReset = fault.isReset;
    delivery.isChunked = fault.isChunked;
    delivery.isLast = fault.isLast;
    delivery.stepMs = fault.ms;
    switch (fault.action) {
        case FaultAction::kCutMidBody:
            delivery.bytes = fault.bytes.value_or(delivery.reply.body.size() / 2);
            break;
        case FaultAction::kSlowBody:
            delivery.bytes = fault.bytes.value_or(16);
            delivery.stepMs = fault.ms == 0 ? 100 : fault.ms;
            break;
        case FaultAction::kHang:
        case FaultAction::kLate:
            break;
        case FaultAction::kStatus:
        case FaultAction::kCutBefore:
        case FaultAction::kCutAfter:
        case FaultAction::kGarbage:
        case FaultAction::kHtml:
        case FaultAction::kHuge:
        case FaultAction::kWrongId:
        case FaultAction::kDelay:
            delivery.delayMs = fault.ms;  // `ms` beside another action delays it
            break;
    }
    return delivery;
}

bool isCarriedOutAtOnce(const Fault& fault) {
    return fault.isCarriedOut.value_or(false) && fault.action != FaultAction::kLate;
}

}  // namespace emulator
