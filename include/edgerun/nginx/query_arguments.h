#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edgerun::nginx {

struct QueryArgument {
    std::string name;
    std::string value;
};

/// The arguments of a request's URI, in their order, escapes resolved.
std::vector<QueryArgument> readQueryArguments(std::string_view text);

}  // namespace edgerun::nginx
