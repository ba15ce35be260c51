#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include "commands.h"
#include "job_client.h"
#include "json_fields.h"
#include "process_usage.h"
#include "result_line.h"
#include "waiting.h"

namespace jobload {

namespace {

constexpr Nanos kPollEach = 20 * kMillisecond;
constexpr Nanos kArrival = kSecond;   ///< in which all clients' requests are read
constexpr double kRestSeconds = 2.5;  ///< beside the two observations, until the job ends

/// One job, and a client that knows it.
class WatchedJob {
public:
    WatchedJob(const Options& options, std::int64_t durationMs);

    /// The request of a client that waits until the job is another than it is now.
    std::string waitingRequest() const;

private:
    std::string ask(std::string request);
    void waitUntilItRuns(Nanos deadline);

    const Options& options_;
    std::string path_;
    std::string version_;
};

WatchedJob::WatchedJob(const Options& options, std::int64_t durationMs) : options_(options) {
    const auto& url = *options.url;
    auto accepted =
        ask(renderRequest("POST", url, url.path, options.credential, submissionOf(durationMs)));
    auto id = jsonMember(accepted, "id");
    if (!id) {
        throw std::runtime_error("the job was not accepted: " + accepted);
    }
    path_ = url.path + "/" + std::string(*id);
    waitUntilItRuns(now() + 10 * kSecond);
}

void WatchedJob::waitUntilItRuns(Nanos deadline) {
    while (now() < deadline) {
        auto job = ask(renderRequest("GET", *options_.url, path_, options_.credential));
        if (jsonMember(job, "status") == "RUNNING") {
            version_ = jsonMember(job, "version").value_or("");
            return;
        }
        usleep(static_cast<useconds_t>(kPollEach / kMicrosecond));
    }
    throw std::runtime_error("the job does not run");
}

std::string WatchedJob::waitingRequest() const {
    auto headers =
        options_.credential + "\r\n" + kPreferWait + "\r\nIf-None-Match: \"" + version_ + "\"";
    return renderRequest("GET", *options_.url, path_, headers);
}

std::string WatchedJob::ask(std::string request) {
    std::string body;
    HttpPool pool(*options_.url, 1,
                  [&body](const Call&, Response&& response) { body = std::move(response.body); });
    pool.call({0, std::move(request), now()});
    for (auto deadline = now() + 10 * kSecond; pool.pending() > 0 && now() < deadline;) {
        pool.wait(deadline);
    }
    return body;
}

}  // namespace

int runWatch(const Options& options) {
    auto observed = seconds(options.seconds);
    auto duration = static_cast<std::int64_t>((2 * options.seconds + kRestSeconds) * 1000);
    WatchedJob job(options, duration);
    auto cpu = [&options] { return exactCpuSeconds(options.worker); };

    // The job itself costs the worker its polls: the same time with nobody who waits.
    auto before = cpu();
    usleep(static_cast<useconds_t>(observed / kMicrosecond));
    auto idleCpu = cpu() - before;
    auto idle = processUsage(options.worker);

    WaitingClients clients(*options.url, options.count);
    for (std::size_t i = 0; i < options.count; ++i) {
        clients.send(job.waitingRequest());
    }
    clients.observe(kArrival);
    auto held = processUsage(options.worker);
    before = cpu();
    clients.observe(observed);
    auto heldCpu = cpu() - before;
    auto early = clients.answered() + clients.errors();
    clients.waitUntil(now() + seconds(options.settle));

    auto count = static_cast<double>(options.count);
    ResultLine()
        .add("clients", static_cast<std::int64_t>(options.count))
        .add("answered", static_cast<std::int64_t>(clients.answered()))
        .add("errors", static_cast<std::int64_t>(clients.errors()))
        .add("early", static_cast<std::int64_t>(early))
        .add("idle_cpu_ms_per_s", idleCpu * 1000 / options.seconds)
        .add("held_cpu_ms_per_s", heldCpu * 1000 / options.seconds)
        .add("kib_per_client", static_cast<double>(held.residentKib() - idle.residentKib()) / count)
        .add("delay", clients.delays())
        .print();
    return clients.answered() == options.count && early == 0 ? 0 : 1;
}

}  // namespace jobload
