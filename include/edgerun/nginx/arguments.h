#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

using Arguments = std::vector<std::string_view>;

/// The directive's words after its name.
Arguments argumentsOf(const ngx_conf_t* cf);

/// "zone=jobs" split at the first "="; value empty and found false without one.
struct NamedValue {
    std::string_view name;
    std::string_view value;
    bool found = false;
};
NamedValue splitNamed(std::string_view argument);

/// NGINX's own syntax: "90s", "1200ms", "1h30m"; in ms.
std::optional<std::uint64_t> parseTime(std::string_view text);
/// "4m", "256k", "100"; in bytes.
std::optional<std::uint64_t> parseSize(std::string_view text);
/// Decimal digits, at most 9.
std::optional<std::uint64_t> parseNumber(std::string_view text);

/// A value that may hold variables, as NGINX evaluates it for a request; null when it cannot be
/// understood (NGINX has said why) or is empty. `text` must live as long as the configuration.
ngx_http_complex_value_t* compileValue(ngx_conf_t* cf, std::string_view text);

/// The known name that is nearest to a misspelt one, or empty if none is near.
std::string_view nearest(std::string_view text, const std::vector<std::string_view>& known);

/// "there is no KIND "name"; did you mean "near"?", or, where none is near, `otherwise` in its
/// place.
std::string unknownName(std::string_view kind, std::string_view name,
                        const std::vector<std::string_view>& known,
                        const std::string& otherwise = {});

/// Letters, digits, "_", "-" and ".", 1 to 128 of them: an assistant, a host.
bool isPlainName(std::string_view text);
/// No control characters, so it may stand in a header.
bool isPrintable(std::string_view text);

/// `the text in quotes`, for messages; control characters as \xNN.
std::string quoted(std::string_view text);

}  // namespace edgerun::nginx
