#pragma once

#include <cstddef>
#include <limits>

#include "clock.h"

namespace jobload {

constexpr Nanos kNever = std::numeric_limits<Nanos>::max();

/// An open loop's timetable: `count` moments at an even rate, whatever the server does.
class Pace {
public:
    Pace(Nanos start, double perSecond, std::size_t count)
        : start_(start), perSecond_(perSecond), count_(perSecond > 0 ? count : 0) {}

    /// The next moment; kNever after the last.
    Nanos due() const {
        if (done_ == count_) {
            return kNever;
        }
        return start_ + seconds(static_cast<double>(done_) / perSecond_);
    }

    std::size_t done() const { return done_; }
    void next() { ++done_; }

private:
    Nanos start_;
    double perSecond_;
    std::size_t count_;
    std::size_t done_ = 0;
};

}  // namespace jobload
