#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "calls.h"

namespace emulator {

struct ListQuery {
    std::size_t limit = 20;
    bool isAscending = false;
    std::string after;
    std::string before;
    std::string runId;
};

struct ListItem {
    std::string_view id;
    std::string_view json;
};

std::variant<ListQuery, ApiError> readListQuery(const Pairs& query);

// A page of items, which come oldest first. `kind` names them when `after` or `before` is unknown.
CallResult renderPage(const std::vector<ListItem>& items, const ListQuery& query,
                      std::string_view kind);

}  // namespace emulator
