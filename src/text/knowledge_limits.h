#pragma once

#include <cstddef>

namespace edgerun::text {

/// Values of a whole file in JSON: enough for as many articles as there may be, with all their
/// tags, and ten articles for each of a few hundred thousand keywords.
constexpr std::size_t kMostValues = 10'000'000;

}  // namespace edgerun::text
