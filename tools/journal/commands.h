#pragma once

#include <string>

#include "contents.h"

namespace edgerun::journal {

/// Each writes to stdout, what is wrong to stderr, and returns whether nothing is.
bool listJobs(const std::string& directory, const Contents& contents);
bool verifyJobs(const std::string& directory, const Contents& contents);
bool exportJobs(const std::string& directory, const Contents& contents);

/// One line on stderr.
void tellProblem(const std::string& problem);

}  // namespace edgerun::journal
