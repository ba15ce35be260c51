#include "edgerun/nginx/query_arguments.h"

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

namespace {

std::string unescape(std::string_view text) {
    std::string out(text.size(), '\0');
    auto* to = reinterpret_cast<u_char*>(out.data());
    u_char* from = loop::asNgx(text).data;
    ngx_unescape_uri(&to, &from, text.size(), 0);
    out.resize(static_cast<std::size_t>(to - reinterpret_cast<u_char*>(out.data())));
    return out;
}

}  // namespace

std::vector<QueryArgument> readQueryArguments(std::string_view text) {
    std::vector<QueryArgument> arguments;
    while (!text.empty()) {
        const auto end = text.find('&');
        const std::string_view argument = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (argument.empty()) {
            continue;
        }
        const auto equals = argument.find('=');
        arguments.push_back(
            {unescape(argument.substr(0, equals)), equals == std::string_view::npos
                                                       ? std::string()
                                                       : unescape(argument.substr(equals + 1))});
    }
    return arguments;
}

}  // namespace edgerun::nginx
