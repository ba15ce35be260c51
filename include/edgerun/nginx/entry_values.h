#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edgerun/loop/ngx.h"

/// The values of lines in our blocks. Each function returns what is wrong with the text, or
/// nothing.
namespace edgerun::nginx {

struct Range {
    std::uint64_t least;
    std::uint64_t most;
};

/// At least `least` ms. `example` is what to write instead.
std::string readTime(std::string_view text, std::uint64_t least, const char* example,
                     std::uint64_t& value);
std::string readNumber(std::string_view text, Range range, std::uint64_t& value);
/// `range` in bytes; `shown` is how the message calls it: "from 4k to 1024m".
std::string readSize(std::string_view text, Range range, const char* shown, std::size_t& value);
std::string readFlag(std::string_view text, bool& value);
/// What a model is called.
std::string readModel(std::string_view text, std::string& value);
/// A file that NGINX can read; its whole name.
std::string readCertificateFile(ngx_conf_t* cf, std::string_view text, std::string& path);

/// RFC 9110 section 5.6.2: a header's name.
bool isToken(std::string_view text);
/// A header of the operator's, for calls that edgerun makes.
std::string checkHeader(std::string_view name, std::string_view value);

}  // namespace edgerun::nginx
