#include "claim_text.h"

#include <charconv>

#include "edgerun/auth/claims.h"
#include "edgerun/auth/identity.h"
#include "edgerun/text/ascii.h"
#include "edgerun/text/utf8.h"

namespace edgerun::auth {
namespace {

const json_t* claimNamed(json_t* payload, std::string_view name);
std::string textOf(const json_t* claim);

}  // namespace

std::string claimText(std::string_view payload, std::string_view name) {
    const text::JsonPtr object = text::parseJson(payload, kPayloadLimits);
    std::string text = textOf(claimNamed(object.get(), name));
    return text::hasControlCharacter(text) ? std::string() : text;
}

namespace {

/// Null unless there is exactly one: which of "Tenant" and "tenant" is meant is not for us to
/// guess.
const json_t* claimNamed(json_t* payload, std::string_view name) {
    const json_t* found = nullptr;
    for (void* at = json_object_iter(payload); at != nullptr;
         at = json_object_iter_next(payload, at)) {
        if (text::equalsIgnoringCase(json_object_iter_key(at), name)) {
            if (found != nullptr) {
                return nullptr;
            }
            found = json_object_iter_value(at);
        }
    }
    return found;
}

/// The shortest digits that stand for the number; jansson writes 0.1 as 0.10000000000000001.
std::string realText(double value) {
    char digits[32];
    const auto written = std::to_chars(digits, digits + sizeof digits, value);
    return {digits, written.ptr};
}

/// Empty for null, arrays and objects.
std::string scalarText(const json_t* value) {
    switch (json_typeof(value)) {
        case JSON_STRING:
            return std::string(text::stringOf(value));
        case JSON_INTEGER:
            return std::to_string(json_integer_value(value));
        case JSON_REAL:
            return realText(json_real_value(value));
        case JSON_TRUE:
            return "true";
        case JSON_FALSE:
            return "false";
        case JSON_NULL:
        case JSON_OBJECT:
        case JSON_ARRAY:
            return {};
    }
    return {};
}

bool isUnclear(const json_t* element, const std::string& text) {
    const bool isScalar =
        json_is_string(element) || json_is_number(element) || json_is_boolean(element);
    return !isScalar || !standsAlone(text);
}

std::string joinedText(const json_t* array) {
    std::string joined;
    for (std::size_t i = 0; i < json_array_size(array); ++i) {
        const json_t* element = json_array_get(array, i);
        const std::string text = scalarText(element);
        if (isUnclear(element, text)) {
            return {};
        }
        joined += (i == 0 ? "" : ",") + text;
    }
    return joined;
}

std::string textOf(const json_t* claim) {
    if (claim == nullptr) {
        return {};
    }
    if (json_is_array(claim)) {
        return joinedText(claim);
    }
    return json_is_object(claim) ? text::dumpJson(claim) : scalarText(claim);
}

}  // namespace
}  // namespace edgerun::auth
