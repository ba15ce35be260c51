#include "result_line.h"

#include <cstdio>

namespace jobload {

ResultLine& ResultLine::add(std::string_view name, std::int64_t value) {
    return raw(name, std::to_string(value));
}

ResultLine& ResultLine::add(std::string_view name, double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4f", value);
    return raw(name, text);
}

ResultLine& ResultLine::add(std::string_view name, const Latency& latency) {
    std::string prefix(name);
    add(prefix + "_p50_ms", latency.milliseconds(0.50));
    add(prefix + "_p99_ms", latency.milliseconds(0.99));
    return add(prefix + "_max_ms", latency.milliseconds(1));
}

void ResultLine::print() const {
    std::printf("{%s}\n", members_.c_str());
}

ResultLine& ResultLine::raw(std::string_view name, std::string_view json) {
    members_.append(members_.empty() ? "\"" : ",\"").append(name).append("\":").append(json);
    return *this;
}

}  // namespace jobload
