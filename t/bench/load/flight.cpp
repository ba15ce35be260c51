#include <algorithm>
#include <cstdio>
#include <limits>
#include <random>

#include "commands.h"
#include "flight_record.h"
#include "job_client.h"
#include "pace.h"
#include "process_usage.h"
#include "result_line.h"

namespace jobload {

namespace {

/// When what happens; all jobs are in flight together from `submitted` to `firstEnd`.
struct Schedule {
    Nanos start;
    Nanos submitted;
    Nanos firstEnd;
    Nanos lastEnd;
};

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
constexpr double kSamplesPerSecond = 1;
constexpr double kGraceSeconds = 3;  // for the last poll and the fetching of the answer

Schedule scheduleOf(const Options& options);
void fly(const Options& options, const Schedule& schedule, JobClient& client, FlightRecord& record);

}  // namespace

int runFlight(const Options& options) {
    if (!options.emulator) {
        std::fprintf(stderr, "jobload flight: --emulator URL is required\n");
        return 2;
    }
    JobClient client(options);
    FlightRecord record(options);
    auto schedule = scheduleOf(options);
    fly(options, schedule, client, record);
    client.settle(now() + seconds(options.settle));

    auto polls = static_cast<std::int64_t>(client.pollLatency().count());
    ResultLine line;
    line.add("jobs", static_cast<std::int64_t>(options.count))
        .add("accepted", static_cast<std::int64_t>(client.jobs().size()))
        .add("completed", static_cast<std::int64_t>(client.countFinal("COMPLETED")))
        .add("failed", static_cast<std::int64_t>(client.countFinal("FAILED")))
        .add("lost", static_cast<std::int64_t>(client.countLost()))
        .add("all_in_flight_s", asSeconds(schedule.firstEnd - schedule.submitted))
        .add("client_polls", polls)
        .add("client_poll_errors", static_cast<std::int64_t>(client.pollErrors()))
        .add("client_poll", client.pollLatency())
        .add("submit", client.submitLatency());
    record.report(client.jobs(), line);
    line.print();
    bool isWhole = client.countFinal("COMPLETED") == options.count && client.pollErrors() == 0;
    return isWhole ? 0 : 1;
}

namespace {

Schedule scheduleOf(const Options& options) {
    Schedule schedule{};
    schedule.start = now();
    schedule.submitted = schedule.start + seconds(options.ramp);
    auto legs = static_cast<double>(options.rounds + 1);
    auto shortest = seconds(legs * (options.duration - options.jitter) / 1000);
    auto longest = seconds(legs * (options.duration + options.jitter) / 1000);
    schedule.firstEnd = schedule.start + shortest;
    schedule.lastEnd = schedule.submitted + longest + seconds(kGraceSeconds);
    return schedule;
}

void fly(const Options& options, const Schedule& schedule, JobClient& client,
         FlightRecord& record) {
    std::mt19937_64 random(options.count);  // the same durations in each run
    std::uniform_real_distribution<double> duration(options.duration - options.jitter,
                                                    options.duration + options.jitter);
    auto count = static_cast<double>(options.count);
    Pace submits(schedule.start, count / options.ramp, options.count);
    Pace polls(schedule.start, options.rate, kNoLimit);
    Pace samples(schedule.start, kSamplesPerSecond, kNoLimit);

    while (now() < schedule.lastEnd) {
        for (; submits.due() <= now(); submits.next()) {
            client.submit(static_cast<std::int64_t>(duration(random)), submits.due());
        }
        for (; polls.due() <= now(); polls.next()) {
            client.poll(polls.due());
        }
        for (; samples.due() <= now(); samples.next()) {
            record.sample(now() < schedule.firstEnd);
        }
        client.wait(std::min({submits.due(), polls.due(), samples.due(), schedule.lastEnd}));
    }
}

}  // namespace

}  // namespace jobload
