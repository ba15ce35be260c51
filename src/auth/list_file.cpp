#include "list_file.h"

#include <algorithm>

#include "edgerun/auth/api_keys.h"
#include "edgerun/text/json.h"

namespace edgerun::auth {
namespace {

constexpr std::size_t kMaxFaults = 1000;
constexpr text::JsonLimits kLineLimits{64 * 1024, 4, 2000};

struct Line {
    std::size_t number;
    std::string_view text;
};

bool counts(std::string_view line);
void readLine(const Line& line, const std::function<void(ListEntry&)>& take, FileFaults& faults);
std::string whyNoEntry(std::string_view line);

}  // namespace

FileFaults readListFile(std::string_view text, const std::function<void(ListEntry&)>& take) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    FileFaults faults;
    if (text.size() > kMaxListFileBytes) {
        return {{1, "the file is too large"}};
    }
    if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
        faults.push_back({1, "the file begins with a byte order mark; save it without one"});
        text.remove_prefix(kByteOrderMark.size());
    }
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (faults.size() >= kMaxFaults) {
            faults.push_back({number, "and perhaps more: the rest of the file was not looked at"});
            break;
        }
        if (counts(line)) {
            readLine({number, line}, take, faults);
        }
    }
    return faults;
}

namespace {

/// JSON's own blanks, so that a CR before the LF is one of them.
constexpr std::string_view kBlanks = " \t\r";

bool counts(std::string_view line) {
    const std::size_t first = line.find_first_not_of(kBlanks);
    return first != std::string_view::npos && line[first] != '#';
}

void readLine(const Line& line, const std::function<void(ListEntry&)>& take, FileFaults& faults) {
    const text::JsonPtr object = text::parseJson(line.text, kLineLimits);
    if (!json_is_object(object.get())) {
        faults.push_back({line.number, whyNoEntry(line.text)});
        return;
    }
    ListEntry entry(object.get(), line.number, faults);
    take(entry);
}

struct JsonFault {
    enum json_error_code code;
    const char* message;
};

constexpr JsonFault kJsonFaults[] = {
    {json_error_duplicate_key, "a member stands twice in the object"},
    {json_error_premature_end_of_input, "the object does not end in its line"},
    {json_error_end_of_input_expected, "something follows the object"},
    {json_error_invalid_utf8, "not UTF-8"},
    {json_error_null_byte_in_key, "a NUL in a name"},
    {json_error_null_character, "a NUL in a string"},
    {json_error_numeric_overflow, "a number is too large"},
};

/// In the parser's own words there may be parts of the line, which may hold a secret.
std::string whyNoEntry(std::string_view line) {
    constexpr const char* kForm = "; the file holds one JSON object a line";
    if (line.size() > kLineLimits.maxBytes) {
        return "the line is longer than 64 KiB";
    }
    if (line.find('\0') != std::string_view::npos) {
        return std::string("a NUL in the line") + kForm;
    }
    const char first = line[line.find_first_not_of(kBlanks)];
    if (first == '[' || first == ']') {
        return std::string("no array is needed") + kForm;
    }
    json_error_t error;
    const text::JsonPtr value(
        json_loadb(line.data(), line.size(), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error));
    if (value != nullptr) {
        return json_is_object(value.get()) ? "nested too deeply, or too many members"
                                           : std::string("not an object") + kForm;
    }
    for (const JsonFault& fault : kJsonFaults) {
        if (fault.code == json_error_code(&error)) {
            return fault.message + std::string(kForm);
        }
    }
    return "not JSON at column " + std::to_string(error.column) + kForm;
}

}  // namespace
}  // namespace edgerun::auth
