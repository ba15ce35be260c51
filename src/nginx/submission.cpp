#include "edgerun/nginx/submission.h"

#include <algorithm>

#include "edgerun/run/provider_id.h"
#include "edgerun/text/ascii.h"
#include "edgerun/text/json.h"
#include "edgerun/text/utf8.h"

namespace edgerun::nginx {

namespace {

constexpr std::size_t kMaxPairs = 15;  // OpenAI takes 16; one is ours
constexpr std::string_view kOurPair = "edgerun_job";
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxValue = 512;

using Fault = std::string;  // empty: none

Fault readQuery(const json_t* value, std::size_t maxQuery, store::JobRequest& request) {
    if (!json_is_string(value)) {
        return "\"query\" must be a string";
    }
    const std::string_view query = text::stringOf(value);
    if (text::trimmed(query, text::kWhiteSpace).empty()) {
        return "\"query\" must not be empty";
    }
    const std::string_view kept = text::cutAtCodePoints(query, maxQuery);
    request.queryCut = kept.size() < query.size();
    request.query = kept;
    return {};
}

Fault readThread(const json_t* value, std::size_t, store::JobRequest& request) {
    if (!json_is_string(value) || !run::isProviderId(text::stringOf(value))) {
        return "\"threadId\" must be the id of a thread";
    }
    request.threadId = text::stringOf(value);
    return {};
}

Fault readMetadata(const json_t* value, std::size_t, store::JobRequest& request) {
    if (!json_is_object(value) || json_object_size(value) > kMaxPairs) {
        return "\"metadata\" must be an object of at most 15 members";
    }
    auto* object = const_cast<json_t*>(value);  // jansson's iteration wants it so
    const char* name = nullptr;
    json_t* member = nullptr;
    json_object_foreach(object, name, member) {
        if (text::countCodePoints(name) > kMaxName || !json_is_string(member) ||
            text::countCodePoints(text::stringOf(member)) > kMaxValue) {
            return "\"metadata\" takes names of at most 64 characters and strings of at most 512";
        }
        if (std::string_view(name) == kOurPair) {
            return "\"metadata\" must leave \"edgerun_job\" to edgerun";
        }
    }
    request.metadata = text::dumpJson(value);
    return {};
}

struct Member {
    std::string_view name;
    Fault (*read)(const json_t* value, std::size_t maxQuery, store::JobRequest& request);
};

constexpr Member kMembers[] = {
    {"query", readQuery},
    {"threadId", readThread},
    {"metadata", readMetadata},
};

Fault readMember(std::string_view name, const json_t* value, std::size_t maxQuery,
                 store::JobRequest& request) {
    for (const auto& member : kMembers) {
        if (member.name == name) {
            return member.read(value, maxQuery, request);
        }
    }
    return "unknown member \"" + std::string(text::cutAtCodePoints(name, kMaxName)) +
           "\"; the body takes \"query\", \"threadId\" and \"metadata\"";
}

}  // namespace

std::variant<store::JobRequest, BadSubmission> readSubmission(std::string_view body,
                                                              std::size_t maxQuery) {
    const auto parsed = text::parseJson(body, {body.size(), 8, 100});
    if (parsed == nullptr) {
        return BadSubmission{"the body is not valid JSON"};
    }
    json_t* object = parsed.get();
    if (!json_is_object(object)) {
        return BadSubmission{"the body must be a JSON object"};
    }
    store::JobRequest request;
    const char* name = nullptr;
    json_t* value = nullptr;
    json_object_foreach(object, name, value) {
        Fault fault = readMember(name, value, maxQuery, request);
        if (!fault.empty()) {
            return BadSubmission{std::move(fault)};
        }
    }
    if (request.query.empty()) {
        return BadSubmission{"\"query\" is missing"};
    }
    return request;
}

}  // namespace edgerun::nginx
