#include "edgerun/nginx/error_format.h"

#include "edgerun/nginx/request_headers.h"
#include "edgerun/text/ascii.h"
#include "edgerun/text/json.h"

namespace edgerun::nginx {

namespace {

constexpr std::string_view kProblemType = "application/problem+json";

/// "q=0", "q=0.000": not acceptable.
bool isRefused(std::string_view parameters) {
    const auto at = parameters.find("q=");
    return at != std::string_view::npos && parameters.size() > at + 2 &&
           parameters[at + 2] == '0' &&
           parameters.find_first_of("123456789", at + 2) == std::string_view::npos;
}

bool asksForProblem(std::string_view accept) {
    while (!accept.empty()) {
        const auto comma = accept.find(',');
        const std::string_view range = accept.substr(0, comma);
        const auto semicolon = range.find(';');
        const std::string_view parameters =
            semicolon == std::string_view::npos ? std::string_view{} : range.substr(semicolon);
        const std::string_view type = text::trimmed(range.substr(0, semicolon), " \t");
        if (text::equalsIgnoringCase(type, kProblemType)) {
            return !isRefused(parameters);
        }
        accept.remove_prefix(comma == std::string_view::npos ? accept.size() : comma + 1);
    }
    return false;
}

/// "NotFound" as "Not Found" or "not_found".
std::string separated(std::string_view name, char separator, bool isLower) {
    std::string out;
    for (const char c : name) {
        const bool isUpper = c >= 'A' && c <= 'Z';
        if (isUpper && !out.empty()) {
            out += separator;
        }
        out += isUpper && isLower ? static_cast<char>(c | 0x20) : c;
    }
    return out;
}

std::string_view openAiType(ngx_int_t status) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 429:
            return "rate_limit_error";
        default:
            return status >= 500 ? "server_error" : "invalid_request_error";
    }
}

std::string renderSimple(const ApiError& error) {
    std::string out;
    text::JsonObjectWriter json(out);
    json.string("error", nameOf(error));
    json.string("message", error.message);
    json.integer("statusCode", error.status);
    json.finish();
    return out;
}

/// RFC 9457 section 3. Without a type of its own, the title is the status' phrase.
std::string renderProblem(const ApiError& error) {
    std::string out;
    text::JsonObjectWriter json(out);
    json.string("type", "about:blank");
    json.string("title", separated(nameOfStatus(error.status), ' ', false));
    json.integer("status", error.status);
    json.string("detail", error.message);
    if (!error.name.empty()) {
        json.string("error", error.name);
    }
    json.finish();
    return out;
}

std::string renderOpenAi(const ApiError& error) {
    std::string inner;
    text::JsonObjectWriter details(inner);
    details.string("message", error.message);
    details.string("type", openAiType(error.status));
    details.raw("param", "null");
    details.string("code", separated(nameOf(error), '_', true));
    details.finish();

    std::string out;
    text::JsonObjectWriter json(out);
    json.raw("error", inner);
    json.finish();
    return out;
}

}  // namespace

ErrorFormat errorFormatOf(const ngx_http_request_t* r, ErrorFormat configured) {
    bool isAsked = false;
    forEachHeader(r, "accept",
                  [&](std::string_view value) { isAsked = isAsked || asksForProblem(value); });
    return isAsked ? ErrorFormat::Problem : configured;
}

std::string renderError(const ApiError& error, ErrorFormat format) {
    switch (format) {
        case ErrorFormat::Simple:
            return renderSimple(error);
        case ErrorFormat::Problem:
            return renderProblem(error);
        case ErrorFormat::OpenAi:
            return renderOpenAi(error);
    }
    return {};
}

std::string_view contentTypeOf(ErrorFormat format) {
    return format == ErrorFormat::Problem ? kProblemType : "application/json";
}

}  // namespace edgerun::nginx
