// The small parsers that the others stand on: base64url, UTF-8, JSON and timestamps. What one of
// them accepts it gives back the same when it is written and read again.

#include "edgerun/text/base64url.h"
#include "edgerun/text/json.h"
#include "edgerun/text/timestamp.h"
#include "property.h"

namespace edgerun::fuzz {
namespace {

constexpr text::JsonLimits kLimits{4096, 8, 200};

void checkBase64Url(std::string_view input) {
    const auto bytes = text::decodeBase64Url(input);
    must(!bytes || text::encodeBase64Url(*bytes) == input, "bytes have one text in base64url");
    must(text::decodeBase64Url(text::encodeBase64Url(input)) == input,
         "base64url gives back what was encoded");
}

void checkCuts(std::string_view input) {
    if (!text::isValidUtf8(input)) {
        return;
    }
    const std::string_view cut = text::cutAtCodePoints(input, 5);
    must(text::isValidUtf8(cut) && text::countCodePoints(cut) <= 5, "cut at code points");
    must(input.substr(0, cut.size()) == cut, "a cut is a prefix");
    const std::string_view shorter = text::cutAtBytes(input, 5);
    must(text::isValidUtf8(shorter) && shorter.size() <= 5, "cut at bytes");
}

std::size_t depthOf(const json_t* value) {
    std::size_t depth = 0;
    for (std::size_t i = 0; i < json_array_size(value); ++i) {
        depth = std::max(depth, depthOf(json_array_get(value, i)));
    }
    auto* object = const_cast<json_t*>(value);
    for (void* at = json_object_iter(object); at != nullptr;
         at = json_object_iter_next(object, at)) {
        depth = std::max(depth, depthOf(json_object_iter_value(at)));
    }
    return depth + (json_is_array(value) || json_is_object(value) ? 1 : 0);
}

void checkJson(std::string_view input) {
    const text::JsonPtr value = text::parseJson(input, kLimits);
    if (value == nullptr) {
        return;
    }
    must(input.size() <= kLimits.maxBytes && depthOf(value.get()) <= kLimits.maxDepth,
         "JSON is within its limits");
    const std::string written = text::dumpJson(value.get());
    const text::JsonPtr again = text::parseJson(written, {16 * kLimits.maxBytes});
    must(json_equal(value.get(), again.get()) == 1, "JSON gives back what was written");
}

void checkJsonString(std::string_view input) {
    if (!text::isValidUtf8(input) || input.find('\0') != std::string_view::npos) {
        return;
    }
    std::string written;
    text::appendJsonString(written, input);
    const text::JsonPtr value = text::parseJson(written, {16 * kLimits.maxBytes});
    must(json_is_string(value.get()) && text::stringOf(value.get()) == input,
         "a JSON string gives back its text");
}

/// "2027-01-31T12:00:00Z" stands for no other second than the one that is written so.
void checkTimestamp(std::string_view input) {
    constexpr std::int64_t kYear10000 = 253'402'300'800'000;
    constexpr std::int64_t kDay = 86'400'000;
    const auto time = text::parseTimestamp(input);
    if (!time) {
        return;
    }
    must(*time < kYear10000 + kDay, "the year has four digits");
    if (*time < 0 || *time >= kYear10000) {
        return;
    }
    const std::string written = text::formatTimestamp(*time);
    must(text::parseTimestamp(written) == time, "a time gives back what was written");
    if (input.back() == 'Z' || input.back() == 'z') {
        // "T" and "t" aside.
        must(written.substr(0, 10) == input.substr(0, 10), "the date is the one read");
        must(written.substr(11, 8) == input.substr(11, 8), "the time of day is the one read");
    }
}

}  // namespace
}  // namespace edgerun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgerun::fuzz;
    const std::string_view input = textOf(data, size);
    checkBase64Url(input);
    checkCuts(input);
    checkJson(input);
    checkJsonString(input);
    checkTimestamp(input);
    return 0;
}
