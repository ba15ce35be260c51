#include "tool_endpoint.h"

#include <algorithm>

#include "fields.h"

namespace emulator {

namespace {

constexpr std::int64_t kMostSize = 64 * 1024 * 1024;
constexpr std::int64_t kMostDelayMs = 1'000'000'000;

constexpr Field kToolCallFields[] = {
    required(text("tool")),       required(field("arguments", FieldKind::kObject)),
    required(text("jobId")),      required(text("user")),
    required(text("toolCallId")),
};

// A number among the arguments, within its bounds; 0 when it is not there.
std::int64_t numberOf(const json_t* arguments, const char* name, std::int64_t most) {
    const json_t* value = json_object_get(arguments, name);
    return std::clamp<std::int64_t>(json_integer_value(value), 0, most);
}

std::string echo(std::string_view tool, const json_t* arguments) {
    ObjectText answer;
    answer.string("tool", tool).raw("echo", dumpJson(arguments));
    std::string plain = answer.take();
    const auto size = static_cast<std::size_t>(numberOf(arguments, "size", kMostSize));
    constexpr std::string_view kPadding = R"(,"padding":"")";
    if (size < plain.size() + kPadding.size()) {
        return plain;
    }
    const std::string filler(size - plain.size() - kPadding.size(), 'x');
    return plain.substr(0, plain.size() - 1) + R"(,"padding":")" + filler + "\"}";
}

}  // namespace

const Shape kToolCallShape = shapeOf(kToolCallFields);

CallResult callTool(CallContext& context) {
    const json_t* body = context.body.get();
    const std::string& tool = context.ids[0];
    if (stringOf(body, "tool") != tool) {
        return refusal::unsupportedValue("tool", stringOf(body, "tool"), "'" + tool + "'");
    }
    const json_t* arguments = json_object_get(body, "arguments");
    Reply reply;
    if (const json_t* text = json_object_get(arguments, "text"); json_is_string(text)) {
        reply.body = stringOf(text);
        reply.contentType = "text/plain; charset=utf-8";
    } else {
        reply.body = echo(tool, arguments);
    }
    constexpr std::int64_t kLeast = 200;
    constexpr std::int64_t kMost = 599;
    const std::int64_t status = numberOf(arguments, "status", kMost);
    reply.status = status < kLeast ? 200 : static_cast<int>(status);
    reply.holdMs = numberOf(arguments, "delay", kMostDelayMs);
    return reply;
}

}  // namespace emulator
