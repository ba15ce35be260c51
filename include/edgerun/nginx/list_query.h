#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "edgerun/run/record.h"
#include "edgerun/store/job_id.h"

namespace edgerun::nginx {

inline constexpr std::size_t kDefaultListLimit = 20;
inline constexpr std::size_t kMostListLimit = 100;

/// Which jobs a list is to show.
struct ListQuery {
    std::size_t limit = kDefaultListLimit;
    std::optional<store::JobId> after;
    std::optional<run::JobStatus> status;
};

struct BadListQuery {
    std::string message;  ///< for the client
};

/// Reads "limit=20&after=ID&status=RUNNING", each at most once, escapes allowed.
std::variant<ListQuery, BadListQuery> readListQuery(std::string_view arguments);

}  // namespace edgerun::nginx
