#include "response_refusal.h"

namespace emulator::refusal {

namespace {

std::string quoted(std::string_view text) {
    return "'" + std::string(text) + "'";
}

}  // namespace

ApiError responseNotFound(std::string_view id) {
    return {404, "Response with id " + quoted(id) + " not found.", "", ""};
}

ApiError previousNotFound(std::string_view id) {
    return {400, "Previous response with id " + quoted(id) + " not found.", "previous_response_id",
            "previous_response_not_found"};
}

ApiError conversationNotFound(std::string_view id) {
    return {404, "Conversation with id " + quoted(id) + " not found.", "", ""};
}

ApiError itemNotFound(std::string_view id) {
    return {404, "Item with id " + quoted(id) + " not found.", "", ""};
}

ApiError duplicateItem(std::string_view id) {
    return {400,
            "Duplicate item found with id " + std::string(id) +
                ". Remove duplicate items from your input and try again.",
            "input", ""};
}

ApiError conversationLocked() {
    return {400,
            "Another process is currently operating on this conversation. Please retry in a few "
            "seconds.",
            "conversation", "conversation_locked"};
}

ApiError twoContexts() {
    return {400,
            "Mutually exclusive parameters. Ensure you are only providing one of: "
            "'previous_response_id' or 'conversation'.",
            "", "mutually_exclusive_parameters"};
}

ApiError noInput() {
    return {400,
            "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be "
            "provided.",
            "input", "missing_required_parameter"};
}

ApiError missingToolOutput(std::string_view callId) {
    return {400, "No tool output found for function call " + std::string(callId) + ".", "input",
            ""};
}

ApiError orphanToolOutput(std::string_view callId) {
    return {400,
            "No tool call found for function call output with call_id " + std::string(callId) + ".",
            "input", ""};
}

ApiError synchronousResponse() {
    return {400, "Cannot cancel a synchronous response.", "", ""};
}

ApiError notStrictSchema(const std::string& param, std::string_view function,
                         std::string_view reason) {
    return {400,
            "Invalid schema for function " + quoted(function) + ": In context=(), " +
                std::string(reason) + ".",
            param, "invalid_function_parameters"};
}

ApiError previousIsRunning(std::string_view id, std::string_view status) {
    return {400,
            "Cannot continue from response " + quoted(id) + " with status " + quoted(status) + ".",
            "previous_response_id", ""};
}

}  // namespace emulator::refusal
