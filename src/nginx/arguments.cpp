#include "edgerun/nginx/arguments.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "edgerun/text/hex.h"

namespace edgerun::nginx {

namespace {

/// Levenshtein's distance: insertions, deletions and changes of one character.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= a.size(); i++) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); j++) {
            const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
        }
    }
    return row[b.size()];
}

}  // namespace

Arguments argumentsOf(const ngx_conf_t* cf) {
    const auto* words = static_cast<const ngx_str_t*>(cf->args->elts);
    Arguments result;
    for (ngx_uint_t i = 1; i < cf->args->nelts; i++) {
        result.push_back(loop::view(words[i]));
    }
    return result;
}

NamedValue splitNamed(std::string_view argument) {
    const auto equals = argument.find('=');
    if (equals == std::string_view::npos) {
        return {argument, {}, false};
    }
    return {argument.substr(0, equals), argument.substr(equals + 1), true};
}

std::optional<std::uint64_t> parseTime(std::string_view text) {
    ngx_str_t word = loop::asNgx(text);
    const ngx_int_t ms = ngx_parse_time(&word, 0);
    return ms == NGX_ERROR ? std::nullopt : std::optional<std::uint64_t>(ms);
}

std::optional<std::uint64_t> parseSize(std::string_view text) {
    ngx_str_t word = loop::asNgx(text);
    const ssize_t bytes = ngx_parse_size(&word);
    return bytes == NGX_ERROR ? std::nullopt : std::optional<std::uint64_t>(bytes);
}

std::optional<std::uint64_t> parseNumber(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || text.size() > 9) {
        return std::nullopt;
    }
    return number;
}

ngx_http_complex_value_t* compileValue(ngx_conf_t* cf, std::string_view text) {
    auto* value = static_cast<ngx_http_complex_value_t*>(
        ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t)));
    ngx_str_t source = loop::asNgx(text);
    ngx_http_compile_complex_value_t compile{};
    compile.cf = cf;
    compile.value = &source;
    compile.complex_value = value;
    const bool isUsable =
        value != nullptr && !text.empty() && ngx_http_compile_complex_value(&compile) == NGX_OK;
    return isUsable ? value : nullptr;
}

std::string_view nearest(std::string_view text, const std::vector<std::string_view>& known) {
    std::string_view best;
    std::size_t least = 1 + text.size() / 3;
    for (const auto name : known) {
        const std::size_t steps = distance(text.substr(0, 64), name);
        if (steps <= least && (best.empty() || steps < least)) {
            best = name;
            least = steps;
        }
    }
    return best;
}

std::string unknownName(std::string_view kind, std::string_view name,
                        const std::vector<std::string_view>& known, const std::string& otherwise) {
    const auto near = nearest(name, known);
    const std::string advice = near.empty() ? otherwise : "did you mean " + quoted(near) + "?";
    return "there is no " + std::string(kind) + " " + quoted(name) +
           (advice.empty() ? "" : "; " + advice);
}

bool isPlainName(std::string_view text) {
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '_' || c == '-' || c == '.';
    });
}

bool isPrintable(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= ' ' && byte != 0x7f) {
            out += c;
            continue;
        }
        out += "\\x";
        text::appendHex(out, byte);
    }
    return out += '"';
}

}  // namespace edgerun::nginx
