#include <algorithm>
#include <string>
#include <vector>

#include "commands.h"
#include "http_pool.h"
#include "latency.h"
#include "pace.h"
#include "poll_requests.h"
#include "process_usage.h"
#include "result_line.h"

namespace jobload {

namespace {

struct Outcome {
    Latency latency;
    std::size_t errors = 0;  ///< all that is not 200
    std::size_t unauthorized = 0;
    std::size_t bodySize = 0;
    Nanos elapsed = 0;
};

void closedLoop(const Options& options, const std::vector<std::string>& requests, Outcome& out);
void openLoop(const Options& options, const std::vector<std::string>& requests, Outcome& out);
void note(Outcome& out, const Call& call, const Response& response);

}  // namespace

int runPoll(const Options& options) {
    auto requests = pollRequests(options);
    auto before = processUsage(options.worker);
    Outcome out;
    auto start = now();
    if (options.rate > 0) {
        openLoop(options, requests, out);
    } else {
        closedLoop(options, requests, out);
    }
    out.elapsed = now() - start;
    auto cpu = processUsage(options.worker).cpuSeconds - before.cpuSeconds;

    auto answers = static_cast<double>(out.latency.count());
    ResultLine()
        .add("requests", static_cast<std::int64_t>(out.latency.count()))
        .add("errors", static_cast<std::int64_t>(out.errors))
        .add("unauthorized", static_cast<std::int64_t>(out.unauthorized))
        .add("seconds", asSeconds(out.elapsed))
        .add("requests_per_s", answers / asSeconds(out.elapsed))
        .add("latency", out.latency)
        .add("body_bytes", static_cast<std::int64_t>(out.bodySize))
        .add("cpu_s", cpu)
        .add("cpu_us_per_request", answers > 0 ? cpu * 1e6 / answers : 0)
        .add("worker_busy", cpu / asSeconds(out.elapsed))
        .print();
    return out.errors == 0 ? 0 : 1;
}

namespace {

void closedLoop(const Options& options, const std::vector<std::string>& requests, Outcome& out) {
    auto end = now() + seconds(options.seconds);
    std::size_t turn = 0;
    HttpPool* poolOfCallback = nullptr;
    auto callNext = [&] { poolOfCallback->call({0, requests[turn++ % requests.size()], now()}); };
    HttpPool pool(*options.url, options.connections, [&](const Call& call, Response&& response) {
        note(out, call, response);
        if (now() < end) {
            callNext();
        }
    });
    poolOfCallback = &pool;
    for (std::size_t i = 0; i < options.connections; ++i) {
        callNext();
    }
    // Never asleep: waking a sleeping client would be charged to the server, and the more often the
    // longer the server takes, which no client behind a network does to it.
    while (pool.pending() > 0 && now() < end + kSecond) {
        pool.wait(0);
    }
}

void openLoop(const Options& options, const std::vector<std::string>& requests, Outcome& out) {
    HttpPool pool(*options.url, options.connections,
                  [&](const Call& call, Response&& response) { note(out, call, response); });
    Pace pace(now(), options.rate, static_cast<std::size_t>(options.seconds * options.rate));
    while (pace.due() != kNever) {
        for (; pace.due() <= now(); pace.next()) {
            pool.call({0, requests[pace.done() % requests.size()], pace.due()});
        }
        pool.wait(std::min(pace.due(), now() + kSecond));
    }
    for (auto end = now() + kSecond; pool.pending() > 0 && now() < end;) {
        pool.wait(end);
    }
}

void note(Outcome& out, const Call& call, const Response& response) {
    out.latency.add(now() - call.due);
    out.errors += response.status != 200;
    out.unauthorized += response.status == 401;
    out.bodySize = std::max(out.bodySize, response.body.size());
}

}  // namespace

}  // namespace jobload
