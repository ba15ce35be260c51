#include "edgerun/store/job_request.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace edgerun::store {

namespace {

using Length = std::uint32_t;

/// The encoding's order.
constexpr std::array<std::string JobRequest::*, 9> kTexts = {
    &JobRequest::query,     &JobRequest::threadId,  &JobRequest::metadata,
    &JobRequest::assistant, &JobRequest::user,      &JobRequest::work,
    &JobRequest::context,   &JobRequest::knowledge, &JobRequest::sanitizer};

/// Journals hold requests from before there were more.
constexpr bool wereAll(std::size_t texts) {
    return texts == 4 || texts == 6;
}

void appendText(std::string& out, const std::string& text) {
    const auto length = static_cast<Length>(text.size());
    char bytes[sizeof(length)];
    std::memcpy(bytes, &length, sizeof(length));
    out.append(bytes, sizeof(length)).append(text);
}

/// Moves the next text out of `bytes`; false if it is cut short.
bool takeText(std::string_view& bytes, std::string& text) {
    Length length;
    if (bytes.size() < sizeof(length)) {
        return false;
    }
    std::memcpy(&length, bytes.data(), sizeof(length));
    bytes.remove_prefix(sizeof(length));
    if (bytes.size() < length) {
        return false;
    }
    text.assign(bytes.substr(0, length));
    bytes.remove_prefix(length);
    return true;
}

}  // namespace

std::string encodeJobRequest(const JobRequest& request) {
    std::string out(1, request.queryCut ? '\1' : '\0');
    for (const auto text : kTexts) {
        appendText(out, request.*text);
    }
    return out;
}

std::optional<JobRequest> decodeJobRequest(std::string_view bytes) {
    if (bytes.empty() || (bytes[0] != '\0' && bytes[0] != '\1')) {
        return std::nullopt;
    }
    JobRequest request;
    request.queryCut = bytes[0] == '\1';
    bytes.remove_prefix(1);
    for (std::size_t at = 0; at < kTexts.size(); ++at) {
        if (wereAll(at) && bytes.empty()) {
            break;
        }
        if (!takeText(bytes, request.*kTexts[at])) {
            return std::nullopt;
        }
    }
    return bytes.empty() ? std::optional(std::move(request)) : std::nullopt;
}

}  // namespace edgerun::store
