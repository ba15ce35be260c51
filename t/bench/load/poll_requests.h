#pragma once

#include <string>
#include <vector>

#include "options.h"

namespace jobload {

/// One request for each of the jobs in --ids, or one for the URL itself.
std::vector<std::string> pollRequests(const Options& options);

}  // namespace jobload
