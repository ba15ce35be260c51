#include <fstream>

#include "commands.h"
#include "job_client.h"
#include "process_usage.h"
#include "result_line.h"

namespace jobload {

namespace {

void writeIds(const std::string& path, const std::vector<ClientJob>& jobs) {
    std::ofstream file(path);
    for (const auto& job : jobs) {
        file << job.id << '\n';
    }
}

}  // namespace

int runSubmit(const Options& options) {
    JobClient client(options);
    auto before = processUsage(options.worker);
    auto start = now();
    for (std::size_t i = 0; i < options.count; ++i) {
        client.submit(static_cast<std::int64_t>(options.duration), start);
    }
    auto deadline = start + seconds(options.settle);
    while (client.pending() > 0 && now() < deadline) {
        client.wait(deadline);
    }
    auto elapsed = asSeconds(client.lastSubmitAnswer() - start);
    auto cpu = processUsage(options.worker).cpuSeconds - before.cpuSeconds;

    if (!options.idsFile.empty()) {
        writeIds(options.idsFile, client.jobs());
    }
    client.settle(now() + seconds(options.settle));

    auto accepted = client.jobs().size();
    ResultLine()
        .add("accepted", static_cast<std::int64_t>(accepted))
        .add("refused", static_cast<std::int64_t>(options.count - accepted))
        .add("seconds", elapsed)
        .add("accepted_per_s", static_cast<double>(accepted) / elapsed)
        .add("latency", client.submitLatency())
        .add("cpu_s", cpu)
        .add("completed", static_cast<std::int64_t>(client.countFinal("COMPLETED")))
        .add("failed", static_cast<std::int64_t>(client.countFinal("FAILED")))
        .add("lost", static_cast<std::int64_t>(client.countLost()))
        .add("settled_after_s", asSeconds(now() - start))
        .print();
    return accepted == options.count && client.countLost() == 0 ? 0 : 1;
}

}  // namespace jobload
