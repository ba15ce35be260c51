#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "clock.h"

namespace jobload {

/// Every sample is kept, so percentiles are exact and an outlier is never averaged away.
class Latency {
public:
    Latency();

    void add(Nanos value) { samples_.push_back(static_cast<std::uint32_t>(value / kMicrosecond)); }

    std::size_t count() const { return samples_.size(); }

    /// Milliseconds at `fraction` (0 to 1) by nearest rank; 0 without samples.
    double milliseconds(double fraction) const;

private:
    std::vector<std::uint32_t> samples_;  ///< microseconds
};

}  // namespace jobload
