#include "emulator_view.h"

#include <cstdlib>
#include <string_view>

#include "http_pool.h"
#include "json_fields.h"

namespace jobload {

namespace {

std::string fetch(const Endpoint& endpoint, std::string_view path);
std::int64_t integer(std::string_view object, std::string_view name);

}  // namespace

EmulatorStatistics fetchStatistics(const Endpoint& emulator) {
    auto body = fetch(emulator, "/_emulator/stats");
    auto calls = jsonMember(body, "calls").value_or("");
    auto connections = jsonMember(body, "connections").value_or("");
    EmulatorStatistics statistics;
    statistics.requests = integer(body, "requests");
    statistics.polls = integer(jsonMember(calls, "poll_run").value_or(""), "requests");
    // This very question came over one more connection, which may have made the peak.
    auto peak = integer(connections, "peak");
    statistics.peakConnections = peak == integer(connections, "open") ? peak - 1 : peak;
    statistics.cpuSeconds = static_cast<double>(integer(body, "cpu_ms")) / 1000;
    return statistics;
}

std::unordered_map<std::string, UpstreamRun> fetchRuns(const Endpoint& emulator) {
    auto body = fetch(emulator, "/_emulator/runs");
    std::unordered_map<std::string, UpstreamRun> runs;
    forEachElement(body, [&runs](std::string_view run) {
        std::string job(jsonMember(run, "job").value_or(""));
        runs[job] = {integer(run, "final_at_ms"), integer(run, "first_seen_final_ms")};
    });
    return runs;
}

namespace {

std::string fetch(const Endpoint& endpoint, std::string_view path) {
    std::string body;
    HttpPool pool(endpoint, 1,
                  [&body](const Call&, Response&& response) { body = std::move(response.body); });
    pool.call({0, renderRequest("GET", endpoint, path, {}), now()});
    for (auto deadline = now() + 30 * kSecond; pool.pending() > 0 && now() < deadline;) {
        pool.wait(deadline);
    }
    return body;
}

std::int64_t integer(std::string_view object, std::string_view name) {
    auto text = jsonMember(object, name).value_or("");
    return std::strtoll(std::string(text).c_str(), nullptr, 10);
}

}  // namespace

}  // namespace jobload
