#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "latency.h"

namespace jobload {

/// The one line of JSON that a sub-command prints.
class ResultLine {
public:
    ResultLine& add(std::string_view name, std::int64_t value);
    ResultLine& add(std::string_view name, double value);

    /// NAME_p50_ms, NAME_p99_ms and NAME_max_ms.
    ResultLine& add(std::string_view name, const Latency& latency);

    void print() const;

private:
    ResultLine& raw(std::string_view name, std::string_view json);

    std::string members_;
};

}  // namespace jobload
