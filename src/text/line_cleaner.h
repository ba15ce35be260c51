#pragma once

#include <string>
#include <string_view>

#include "name_table.h"

namespace edgerun::text {

struct CleanedLines {
    std::string text;
    bool hasLost = false;  ///< more than blanks and line ends
};

/// Takes headings, labels and blocks out of an answer, folds blank lines and trims it. One pass
/// over the lines; what has been cleaned stays as it is when it is cleaned again.
CleanedLines cleanLines(std::string_view answer, const NameTable& names);

}  // namespace edgerun::text
