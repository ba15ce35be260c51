#pragma once

#include <string>
#include <string_view>

#include "http_message.h"

namespace emulator {

// What OpenAI says when it refuses: one envelope for every 4xx and 5xx.
struct ApiError {
    int status = 400;
    std::string message;
    std::string param;                                // empty: null
    std::string_view code;                            // empty: null
    std::string_view type = "invalid_request_error";  // empty: Azure's envelope, code and message
};

Reply errorReply(const ApiError& error);

// The refusals, in OpenAI's words.
namespace refusal {

ApiError badKey(std::string_view key);
ApiError noKey();
ApiError noBeta();
ApiError accessDenied();                         // Azure's
ApiError missingQuery(const std::string& name);  // Azure's
ApiError unsupportedQuery(const std::string& name);
ApiError unknownUrl(std::string_view method, std::string_view path);
ApiError wrongMethod(std::string_view method, std::string_view path);
ApiError wrongContentType(std::string_view contentType);
ApiError notJson();
ApiError unexpectedBody(std::string_view method);
ApiError unknownParameter(const std::string& name);
ApiError duplicateParameter(const std::string& name);
ApiError missingParameter(const std::string& name);
ApiError wrongType(const std::string& name, std::string_view expected, std::string_view got);
ApiError unsupportedValue(const std::string& name, std::string_view value,
                          std::string_view supported);
ApiError unmatchedPattern(const std::string& name, std::string_view pattern);
ApiError badFunctionSchema(const std::string& param, std::string_view function,
                           std::string_view type);
ApiError unofferedTool(std::string_view type);
ApiError outOfRange(const std::string& name, bool isBelow, std::string_view bound,
                    std::string_view got);
ApiError tooLong(const std::string& name, std::size_t limit, std::size_t length);
ApiError emptyArray(const std::string& name);
ApiError tooManyItems(const std::string& name, std::size_t limit, std::size_t count);
ApiError tooManyPairs(const std::string& name, std::size_t limit, std::size_t count);
ApiError keyTooLong(const std::string& name, std::size_t limit, std::size_t length);
ApiError emptyContent();
ApiError malformedId(const std::string& param, std::string_view id, std::string_view prefix);
ApiError notFound(std::string_view kind, std::string_view id);
ApiError threadHasActiveRun(std::string_view thread, std::string_view run);
ApiError threadIsLocked(std::string_view thread, std::string_view run);
ApiError cannotCancel(std::string_view status);
ApiError refusesToolOutputs(std::string_view status);
ApiError wrongToolOutputs(std::string_view expected, std::string_view got);

}  // namespace refusal

}  // namespace emulator
