#include "edgerun/nginx/api_error.h"

#include <array>
#include <utility>

#include "edgerun/nginx/request_context.h"
#include "edgerun/nginx/response_headers.h"

namespace edgerun::nginx {

namespace {

struct StatusText {
    ngx_int_t status;
    std::string_view name;
    std::string_view message;
};

constexpr std::array<StatusText, 21> kStatusTexts{{
    {400, "BadRequest", "the request is malformed"},
    {401, "Unauthorized", "valid credentials are required"},
    {403, "Forbidden", "access is not allowed"},
    {404, "NotFound", "there is no such resource"},
    {405, "MethodNotAllowed", "the method is not allowed here"},
    {408, "RequestTimeout", "the request did not arrive in time"},
    {409, "Conflict", "the request conflicts with the resource's state"},
    {410, "Gone", "the resource has expired"},
    {411, "LengthRequired", "the request needs a Content-Length"},
    {412, "PreconditionFailed", "the resource is not as the request demands"},
    {413, "PayloadTooLarge", "the request body is too large"},
    {414, "UriTooLong", "the request's URI is too long"},
    {415, "UnsupportedMediaType", "the request body must be application/json"},
    {422, "UnprocessableEntity", "the request cannot be processed"},
    {429, "TooManyRequests", "too many requests"},
    {500, "InternalServerError", "the server could not handle the request"},
    {501, "NotImplemented", "the server does not know what the request asks for"},
    {502, "BadGateway", "the provider did not answer properly"},
    {503, "ServiceUnavailable", "the service is not available now"},
    {504, "GatewayTimeout", "the provider did not answer in time"},
    {507, "InsufficientStorage", "the server has no room for the request"},
}};

const StatusText* textOf(ngx_int_t status) {
    for (const auto& text : kStatusTexts) {
        if (text.status == status) {
            return &text;
        }
    }
    return nullptr;
}

}  // namespace

std::string_view nameOfStatus(ngx_int_t status) {
    const StatusText* text = textOf(status);
    return text != nullptr ? text->name : "Error";
}

std::string_view nameOf(const ApiError& error) {
    return error.name.empty() ? nameOfStatus(error.status) : std::string_view(error.name);
}

ApiError describeStatus(ngx_int_t status) {
    const StatusText* text = textOf(status);
    return {status, std::string(text != nullptr ? text->message : "the request was refused"), {}};
}

ngx_int_t refuse(ngx_http_request_t* r, ngx_int_t status) {
    return refuse(r, status, describeStatus(status).message);
}

ngx_int_t refuse(ngx_http_request_t* r, ngx_int_t status, std::string_view message) {
    return refuse(r, ApiError{status, std::string(message), {}});
}

ngx_int_t refuse(ngx_http_request_t* r, ApiError error) {
    const ngx_int_t status = error.status;
    if (RequestContext* context = contextOf(r)) {
        context->errorName = nameOf(error);
        context->error = std::move(error);
    }
    return status;
}

ngx_int_t refuseMethod(ngx_http_request_t* r, std::string_view allowed) {
    if (!addHeader(r, "Allow", allowed)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return refuse(r, NGX_HTTP_NOT_ALLOWED,
                  "the method is not allowed here; allowed: " + std::string(allowed));
}

ngx_int_t refuseLater(ngx_http_request_t* r, std::uint64_t seconds, std::string_view message) {
    if (!addRetryAfter(r, seconds)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, message);
}

}  // namespace edgerun::nginx
