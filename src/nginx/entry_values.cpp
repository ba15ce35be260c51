#include "edgerun/nginx/entry_values.h"

#include <algorithm>

#include "edgerun/nginx/arguments.h"
#include "edgerun/text/utf8.h"

namespace edgerun::nginx {

namespace {

constexpr std::size_t kLongestModel = 256;  // bytes

}  // namespace

std::string readTime(std::string_view text, std::uint64_t least, const char* example,
                     std::uint64_t& value) {
    const auto ms = parseTime(text);
    if (!ms || *ms < least) {
        return "is no usable time: " + quoted(text) + "; write for example \"" + example + "\"";
    }
    value = *ms;
    return {};
}

std::string readNumber(std::string_view text, Range range, std::uint64_t& value) {
    const auto number = parseNumber(text);
    if (!number || *number < range.least || *number > range.most) {
        return "must be a number from " + std::to_string(range.least) + " to " +
               std::to_string(range.most) + ": " + quoted(text);
    }
    value = *number;
    return {};
}

std::string readSize(std::string_view text, Range range, const char* shown, std::size_t& value) {
    const auto bytes = parseSize(text);
    if (!bytes || *bytes < range.least || *bytes > range.most) {
        return std::string("must be a size ") + shown + ": " + quoted(text);
    }
    value = *bytes;
    return {};
}

std::string readFlag(std::string_view text, bool& value) {
    if (text != "on" && text != "off") {
        return "must be \"on\" or \"off\": " + quoted(text);
    }
    value = text == "on";
    return {};
}

std::string readModel(std::string_view text, std::string& value) {
    if (text.empty() || text.size() > kLongestModel || !isPrintable(text) ||
        !text::isValidUtf8(text)) {
        return "must be a model's name, for example gpt-4.1: " + quoted(text);
    }
    value = text;
    return {};
}

std::string readCertificateFile(ngx_conf_t* cf, std::string_view text, std::string& path) {
    ngx_str_t file = loop::asNgx(text);
    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return "is no usable file name: " + quoted(text);
    }
    const std::string whole(loop::view(file));
    if (access(whole.c_str(), R_OK) != 0) {
        return "cannot be read: " + quoted(whole);
    }
    path = whole;
    return {};
}

bool isToken(std::string_view text) {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               kOthers.find(c) != std::string_view::npos;
    });
}

std::string checkHeader(std::string_view name, std::string_view value) {
    const bool isBlank = value.find_first_not_of(" \t") == std::string_view::npos;
    return !isToken(name) || !isPrintable(value) || isBlank
               ? "must be a header's name and a value without control characters"
               : "";
}

}  // namespace edgerun::nginx
