#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace edgerun::auth {

/// A mistake in one of the operator's files.
struct FileFault {
    std::size_t line = 0;  ///< from 1
    std::string message;   ///< never a part of a secret
};
using FileFaults = std::vector<FileFault>;

}  // namespace edgerun::auth
