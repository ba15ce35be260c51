#include "edgerun/nginx/list_query.h"

#include <array>

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

namespace {

using Fault = std::string;  // empty: none

Fault readLimit(std::string_view value, ListQuery& query) {
    const ngx_int_t limit = value.size() <= 3 ? ngx_atoi(loop::asNgx(value).data, value.size())
                                              : static_cast<ngx_int_t>(NGX_ERROR);
    if (limit < 1 || limit > static_cast<ngx_int_t>(kMostListLimit)) {
        return "\"limit\" must be a number from 1 to 100";
    }
    query.limit = static_cast<std::size_t>(limit);
    return {};
}

Fault readAfter(std::string_view value, ListQuery& query) {
    query.after = store::parseJobId(value);
    return query.after ? Fault{} : "\"after\" must be the id of a job";
}

Fault readStatus(std::string_view value, ListQuery& query) {
    using Status = run::JobStatus;
    for (const Status status : {Status::Pending, Status::Running, Status::RequiresAction,
                                Status::Completed, Status::Failed, Status::Cancelled}) {
        if (value == run::nameOf(status)) {
            query.status = status;
            return {};
        }
    }
    return "\"status\" must be PENDING, RUNNING, REQUIRES_ACTION, COMPLETED, FAILED or CANCELLED";
}

struct Argument {
    std::string_view name;
    Fault (*read)(std::string_view value, ListQuery& query);
};

constexpr std::array<Argument, 3> kArguments{{
    {"limit", readLimit},
    {"after", readAfter},
    {"status", readStatus},
}};

std::string unescape(std::string_view text) {
    std::string out(text.size(), '\0');
    auto* to = reinterpret_cast<u_char*>(out.data());
    u_char* from = loop::asNgx(text).data;
    ngx_unescape_uri(&to, &from, text.size(), 0);
    out.resize(static_cast<std::size_t>(to - reinterpret_cast<u_char*>(out.data())));
    return out;
}

using Seen = std::array<bool, kArguments.size()>;

Fault readArgument(std::string_view text, ListQuery& query, Seen& seen) {
    const auto equals = text.find('=');
    const std::string name = unescape(text.substr(0, equals));
    const std::string value =
        equals == std::string_view::npos ? std::string() : unescape(text.substr(equals + 1));
    for (std::size_t i = 0; i < kArguments.size(); i++) {
        if (name != kArguments[i].name) {
            continue;
        }
        if (seen[i]) {
            return '"' + name + "\" must come only once";
        }
        seen[i] = true;
        return kArguments[i].read(value, query);
    }
    return "unknown argument; a list takes \"limit\", \"after\" and \"status\"";
}

}  // namespace

std::variant<ListQuery, BadListQuery> readListQuery(std::string_view arguments) {
    ListQuery query;
    Seen seen{};
    while (!arguments.empty()) {
        const auto end = arguments.find('&');
        const std::string_view argument = arguments.substr(0, end);
        arguments.remove_prefix(end == std::string_view::npos ? arguments.size() : end + 1);
        if (argument.empty()) {
            continue;
        }
        Fault fault = readArgument(argument, query, seen);
        if (!fault.empty()) {
            return BadListQuery{std::move(fault)};
        }
    }
    return query;
}

}  // namespace edgerun::nginx
