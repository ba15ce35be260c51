#include "api_error.h"

#include "json_text.h"

namespace emulator {

Reply errorReply(const ApiError& error) {
    const auto orNull = [](std::string_view text) {
        return text.empty() ? std::string("null") : jsonString(text);
    };
    Reply reply;
    reply.status = error.status;
    ObjectText members;
    if (error.type.empty()) {
        members.string("code", error.code).string("message", error.message);
    } else {
        members.string("message", error.message)
            .string("type", error.type)
            .raw("param", orNull(error.param))
            .raw("code", orNull(error.code));
    }
    reply.body = ObjectText().raw("error", members.take()).take();
    return reply;
}

namespace refusal {

namespace {

std::string quoted(std::string_view text) {
    return "'" + std::string(text) + "'";
}

std::string number(std::size_t value) {
    return std::to_string(value);
}

// OpenAI shows the beginning and the end of a wrong key, with stars between.
std::string masked(std::string_view key) {
    constexpr std::size_t kShownFirst = 8;
    constexpr std::size_t kShownLast = 4;
    if (key.size() <= kShownFirst + kShownLast) {
        return std::string(key.size(), '*');
    }
    return std::string(key.substr(0, kShownFirst)) +
           std::string(key.size() - kShownFirst - kShownLast, '*') +
           std::string(key.substr(key.size() - kShownLast));
}

}  // namespace

ApiError badKey(std::string_view key) {
    return {401,
            "Incorrect API key provided: " + masked(key) +
                ". You can find your API key at https://platform.openai.com/account/api-keys.",
            "", "invalid_api_key"};
}

ApiError noKey() {
    return {401,
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            "", "invalid_api_key"};
}

ApiError noBeta() {
    return {400,
            "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try "
            "again by setting the header 'OpenAI-Beta: assistants=v2'.",
            "", "invalid_beta"};
}

ApiError accessDenied() {
    return {401,
            "Access denied due to invalid subscription key or wrong API endpoint. Make sure to "
            "provide a valid key for an active subscription and use a correct regional API "
            "endpoint for your resource.",
            "", "401", ""};
}

ApiError missingQuery(const std::string& name) {
    return {400, "The " + name + " query parameter (?" + name + "=) is required for all requests.",
            "", "MissingApiVersionParameter", ""};
}

ApiError unsupportedQuery(const std::string& name) {
    return {400, (name == "api-version" ? "API version" : name) + " not supported", "",
            "BadRequest", ""};
}

ApiError unknownUrl(std::string_view method, std::string_view path) {
    return {404, "Invalid URL (" + std::string(method) + " " + std::string(path) + ")", "", ""};
}

ApiError wrongMethod(std::string_view method, std::string_view path) {
    return {405,
            "Not allowed to " + std::string(method) + " on " + std::string(path) +
                ". (HINT: Perhaps you meant to use a different HTTP method?)",
            "", "method_not_supported"};
}

ApiError wrongContentType(std::string_view contentType) {
    return {400,
            "Unsupported content type: " + quoted(contentType) +
                ". This API method only accepts 'application/json' requests, but you specified "
                "the header 'Content-Type: " +
                std::string(contentType) + "'. Please try again with a supported content type.",
            "", "unsupported_content_type"};
}

ApiError notJson() {
    return {400,
            "We could not parse the JSON body of your request. (HINT: This likely means you "
            "aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, "
            "but what was sent was not valid JSON.)",
            "", ""};
}

ApiError unexpectedBody(std::string_view method) {
    return {400, "A " + std::string(method) + " request must not have a body.", "", ""};
}

ApiError unknownParameter(const std::string& name) {
    return {400, "Unknown parameter: " + quoted(name) + ".", name, "unknown_parameter"};
}

ApiError duplicateParameter(const std::string& name) {
    return {400, "Duplicate parameter: " + quoted(name) + ".", name, "duplicate_parameter"};
}

ApiError missingParameter(const std::string& name) {
    return {400, "Missing required parameter: " + quoted(name) + ".", name,
            "missing_required_parameter"};
}

ApiError wrongType(const std::string& name, std::string_view expected, std::string_view got) {
    return {400,
            "Invalid type for " + quoted(name) + ": expected " + std::string(expected) +
                ", but got " + std::string(got) + " instead.",
            name, "invalid_type"};
}

ApiError unsupportedValue(const std::string& name, std::string_view value,
                          std::string_view supported) {
    return {400,
            "Invalid value: " + quoted(value) +
                ". Supported values are: " + std::string(supported) + ".",
            name, "invalid_value"};
}

ApiError unmatchedPattern(const std::string& name, std::string_view pattern) {
    return {400,
            "Invalid " + quoted(name) +
                ": string does not match pattern. Expected a string that matches the pattern " +
                quoted(pattern) + ".",
            name, "invalid_value"};
}

ApiError badFunctionSchema(const std::string& param, std::string_view function,
                           std::string_view type) {
    return {400,
            "Invalid schema for function " + quoted(function) +
                ": schema must be a JSON Schema of 'type: \"object\"', got 'type: " +
                std::string(type) + "'.",
            param, "invalid_function_parameters"};
}

ApiError unofferedTool(std::string_view type) {
    return {400, "Tool choice " + quoted(type) + " not found in 'tools' parameter.", "tool_choice",
            ""};
}

ApiError outOfRange(const std::string& name, bool isBelow, std::string_view bound,
                    std::string_view got) {
    return {400,
            "Invalid " + quoted(name) + ": value " + (isBelow ? "below minimum" : "above maximum") +
                ". Expected a value " + (isBelow ? ">= " : "<= ") + std::string(bound) +
                ", but got " + std::string(got) + " instead.",
            name, isBelow ? "integer_below_min_value" : "integer_above_max_value"};
}

ApiError tooLong(const std::string& name, std::size_t limit, std::size_t length) {
    return {400,
            "Invalid " + quoted(name) +
                ": string too long. Expected a string with maximum length " + number(limit) +
                ", but got a string with length " + number(length) + " instead.",
            name, "string_above_max_length"};
}

ApiError emptyArray(const std::string& name) {
    return {400,
            "Invalid " + quoted(name) +
                ": empty array. Expected an array with minimum length 1, but got an empty array "
                "instead.",
            name, "empty_array"};
}

ApiError tooManyItems(const std::string& name, std::size_t limit, std::size_t count) {
    return {400,
            "Invalid " + quoted(name) + ": array too long. Expected an array with maximum length " +
                number(limit) + ", but got an array with length " + number(count) + " instead.",
            name, "array_above_max_length"};
}

ApiError tooManyPairs(const std::string& name, std::size_t limit, std::size_t count) {
    return {400,
            "Invalid " + quoted(name) + ": too many properties. Expected an object with at most " +
                number(limit) + " properties, but got an object with " + number(count) +
                " properties instead.",
            name, "object_above_max_properties"};
}

ApiError keyTooLong(const std::string& name, std::size_t limit, std::size_t length) {
    return {400,
            "Invalid property name in " + quoted(name) +
                ": too long. Expected a property name with maximum length " + number(limit) +
                ", but got a property name with length " + number(length) + " instead.",
            name, "property_name_above_max_length"};
}

ApiError emptyContent() {
    return {400, "Message content must be non-empty.", "content", ""};
}

ApiError malformedId(const std::string& param, std::string_view id, std::string_view prefix) {
    return {400,
            "Invalid " + quoted(param) + ": " + quoted(id) + ". Expected an ID that begins with " +
                quoted(prefix) + ".",
            param, "invalid_value"};
}

ApiError notFound(std::string_view kind, std::string_view id) {
    return {404, "No " + std::string(kind) + " found with id " + quoted(id) + ".", "", ""};
}

// Old clients match these two texts with regular expressions: not a byte may change.
ApiError threadHasActiveRun(std::string_view thread, std::string_view run) {
    return {
        400,
        "Thread " + std::string(thread) + " already has an active run " + std::string(run) + ".",
        "", ""};
}

ApiError threadIsLocked(std::string_view thread, std::string_view run) {
    return {400,
            "Can't add messages to " + std::string(thread) + " while a run " + std::string(run) +
                " is active.",
            "", ""};
}

ApiError cannotCancel(std::string_view status) {
    return {400, "Cannot cancel run with status " + quoted(status) + ".", "", ""};
}

ApiError refusesToolOutputs(std::string_view status) {
    return {400, "Runs in status \"" + std::string(status) + "\" do not accept tool outputs.", "",
            ""};
}

ApiError wrongToolOutputs(std::string_view expected, std::string_view got) {
    return {400,
            "Expected tool outputs for call_ids [" + std::string(expected) + "], got [" +
                std::string(got) + "]",
            "", ""};
}

}  // namespace refusal

}  // namespace emulator
