#include <random>

#include "commands.h"
#include "job_client.h"
#include "process_usage.h"
#include "result_line.h"
#include "waiting.h"

namespace jobload {

int runAwait(const Options& options) {
    std::mt19937_64 random(options.count);  // the same durations in each run
    std::uniform_real_distribution<double> duration(options.duration - options.jitter,
                                                    options.duration + options.jitter);
    const auto& url = *options.url;
    auto headers = options.credential + "\r\n" + kPreferWait;
    WaitingClients clients(url, options.count);
    auto before = exactCpuSeconds(options.worker);
    for (std::size_t i = 0; i < options.count; ++i) {
        auto body = submissionOf(static_cast<std::int64_t>(duration(random)));
        clients.send(renderRequest("POST", url, url.path, headers, body));
    }
    clients.waitUntil(now() + seconds(options.settle));
    auto cpu = exactCpuSeconds(options.worker) - before;

    ResultLine()
        .add("clients", static_cast<std::int64_t>(options.count))
        .add("answered", static_cast<std::int64_t>(clients.answered()))
        .add("errors", static_cast<std::int64_t>(clients.errors()))
        .add("delay", clients.delays())
        .add("cpu_s", cpu)
        .print();
    return clients.answered() == options.count ? 0 : 1;
}

}  // namespace jobload
