#include "edgerun/nginx/list_query.h"

#include <array>

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/query_arguments.h"

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

using Seen = std::array<bool, kArguments.size()>;

Fault readArgument(const QueryArgument& argument, ListQuery& query, Seen& seen) {
    for (std::size_t i = 0; i < kArguments.size(); i++) {
        if (argument.name != kArguments[i].name) {
            continue;
        }
        if (seen[i]) {
            return '"' + argument.name + "\" must come only once";
        }
        seen[i] = true;
        return kArguments[i].read(argument.value, query);
    }
    return "unknown argument; a list takes \"limit\", \"after\" and \"status\"";
}

}  // namespace

std::variant<ListQuery, BadListQuery> readListQuery(std::string_view arguments) {
    ListQuery query;
    Seen seen{};
    for (const QueryArgument& argument : readQueryArguments(arguments)) {
        Fault fault = readArgument(argument, query, seen);
        if (!fault.empty()) {
            return BadListQuery{std::move(fault)};
        }
    }
    return query;
}

}  // namespace edgerun::nginx
