#include "flight_record.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>
#include <unordered_map>

#include "http_pool.h"
#include "json_fields.h"
#include "latency.h"

namespace jobload {

namespace {

/// A run as the emulator saw it.
struct UpstreamRun {
    std::int64_t finalAtMs = 0;
    std::int64_t polls = 0;
};

using RunsByJob = std::unordered_map<std::string, UpstreamRun>;

RunsByJob fetchRuns(const Endpoint& emulator);
std::string fetch(const Endpoint& endpoint, std::string_view path);
std::int64_t integer(std::string_view object, std::string_view name);

}  // namespace

FlightRecord::FlightRecord(const Options& options)
    : options_(options), idle_(processUsage(options.worker)) {}

void FlightRecord::sample(bool isFull) {
    auto usage = processUsage(options_.worker);
    if (isFull) {
        full_ = usage;
    }
    peakKib_ = std::max(peakKib_, usage.residentKib());
    if (options_.emulator) {
        auto port = ntohs(options_.emulator->address.sin_port);
        peakUpstream_ = std::max(peakUpstream_, connectionsTo(port));
    }
}

void FlightRecord::report(const std::vector<ClientJob>& jobs, ResultLine& line) const {
    reportWorker(line);
    if (options_.emulator) {
        line.add("peak_upstream_connections", static_cast<std::int64_t>(peakUpstream_));
        reportDelays(jobs, line);
    }
}

void FlightRecord::reportWorker(ResultLine& line) const {
    auto count = static_cast<double>(options_.count);
    auto perJob = [count](std::int64_t kib) { return static_cast<double>(kib) / count; };
    auto cpu = processUsage(options_.worker).cpuSeconds - idle_.cpuSeconds;
    line.add("cpu_s", cpu)
        .add("cpu_s_per_1000_jobs", cpu * 1000 / count)
        .add("idle_kib", idle_.residentKib())
        .add("full_kib", full_.residentKib())
        .add("kib_per_job", perJob(full_.residentKib() - idle_.residentKib()))
        .add("private_kib_per_job", perJob(full_.privateKib - idle_.privateKib))
        .add("shared_kib_per_job", perJob(full_.sharedKib - idle_.sharedKib))
        .add("peak_kib_per_job", perJob(peakKib_ - idle_.residentKib()));
}

void FlightRecord::reportDelays(const std::vector<ClientJob>& jobs, ResultLine& line) const {
    auto runs = fetchRuns(*options_.emulator);
    Latency delays;
    std::int64_t polls = 0;
    std::int64_t beforeTheEnd = 0;
    for (const auto& job : jobs) {
        auto run = runs.find(job.id);
        if (run == runs.end() || !job.completedAt) {
            continue;
        }
        auto delayMs = *job.completedAt - run->second.finalAtMs;
        // Both are wall clock of one machine, in whole milliseconds: -1 may be rounding.
        beforeTheEnd += delayMs < -1;
        delays.add(std::max<std::int64_t>(delayMs, 0) * kMillisecond);
        polls += run->second.polls;
    }
    auto measured = static_cast<double>(std::max<std::size_t>(delays.count(), 1));
    line.add("delay", delays)
        .add("delays_measured", static_cast<std::int64_t>(delays.count()))
        .add("completed_before_the_end", beforeTheEnd)
        .add("polls_per_job", static_cast<double>(polls) / measured);
}

namespace {

RunsByJob fetchRuns(const Endpoint& emulator) {
    auto body = fetch(emulator, "/_emulator/runs");
    RunsByJob runs;
    forEachElement(jsonMember(body, "runs").value_or(body), [&runs](std::string_view run) {
        auto job = jsonMember(run, "job").value_or("");
        runs[std::string(job)] = {integer(run, "final_at_ms"), integer(run, "polls")};
    });
    return runs;
}

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
