#include "latency.h"

#include <algorithm>
#include <cmath>

namespace jobload {

namespace {

// Reserved at once: growing the vector during a measurement would show up in the measurement.
constexpr std::size_t kReservedSamples = 4u << 20;

}  // namespace

Latency::Latency() {
    samples_.reserve(kReservedSamples);
}

double Latency::milliseconds(double fraction) const {
    if (samples_.empty()) {
        return 0;
    }
    std::vector<std::uint32_t> ordered(samples_);
    double rank = std::ceil(fraction * static_cast<double>(ordered.size()));
    auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    auto nth = ordered.begin() + static_cast<std::ptrdiff_t>(std::min(index, ordered.size() - 1));
    std::nth_element(ordered.begin(), nth, ordered.end());
    return *nth / 1000.0;
}

}  // namespace jobload
