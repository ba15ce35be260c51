#include "edgerun/run/run_members.h"

#include <algorithm>

#include "edgerun/text/json.h"

namespace edgerun::run {

std::int64_t tokensIn(const json_t* usage, const char* name) {
    return std::max<std::int64_t>(text::integerMember(usage, name).value_or(-1), -1);
}

std::int64_t sumOf(std::int64_t a, std::int64_t b) {
    if (a < 0 || b < 0) {
        return std::max(a, b);
    }
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

Usage sumOf(const Usage& a, const Usage& b) {
    return {sumOf(a.prompt, b.prompt), sumOf(a.completion, b.completion), sumOf(a.total, b.total)};
}

std::string incompleteReasonOf(const json_t* run) {
    const auto reason = text::stringMember(json_object_get(run, "incomplete_details"), "reason");
    const bool isWord =
        reason && !reason->empty() && IncompleteReason().assign(*reason) &&
        reason->find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
    return isWord ? std::string(*reason) : "unknown";
}

void addWords(std::optional<std::string_view> words, std::optional<std::string>& answer) {
    if (words && answer) {
        answer->append("\n\n").append(*words);
    } else if (words) {
        answer = std::string(*words);
    }
}

}  // namespace edgerun::run
