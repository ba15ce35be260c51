#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "commands.h"
#include "http_pool.h"
#include "job_client.h"
#include "json_fields.h"
#include "latency.h"
#include "pace.h"
#include "poll_requests.h"
#include "process_usage.h"
#include "result_line.h"

namespace jobload {

namespace {

constexpr std::uint64_t kSubmitTag = 1;
constexpr std::uint64_t kPollTag = 2;

/// Submissions in a closed loop. Polls come at their own pace, over a connection more, so they
/// never stand behind a submission in this tool.
class Acceptance {
public:
    explicit Acceptance(const Options& options);

    /// Until the last submission is answered.
    void run();

    std::vector<std::string> ids;  ///< of accepted jobs
    std::size_t refused = 0;
    std::size_t pollErrors = 0;
    Latency submits;
    Latency polls;
    Nanos elapsed = 0;

private:
    void submit();
    void answered(const Call& call, const Response& response);
    void accepted(const Response& response);

    const Options& options_;
    std::string submission_;
    std::vector<std::string> pollRequests_;
    HttpPool pool_;
    std::size_t submitted_ = 0;
};

Acceptance::Acceptance(const Options& options)
    : options_(options),
      submission_(renderRequest("POST", *options.url, options.url->path, options.credential,
                                submissionOf(static_cast<std::int64_t>(options.duration)))),
      pollRequests_(pollRequests(options)),
      pool_(*options.url, options.connections + 1,
            [this](const Call& call, Response&& response) { answered(call, response); }) {}

void Acceptance::run() {
    auto start = now();
    auto deadline = start + seconds(options_.settle);
    Pace pace(start, options_.rate, std::numeric_limits<std::size_t>::max());
    while (submitted_ < std::min(options_.connections, options_.count)) {
        submit();
    }
    while (ids.size() + refused < options_.count && now() < deadline) {
        for (; pace.due() <= now(); pace.next()) {
            pool_.call({kPollTag, pollRequests_[pace.done() % pollRequests_.size()], pace.due()});
        }
        pool_.wait(std::min(pace.due(), deadline));
    }
    elapsed = now() - start;
}

void Acceptance::submit() {
    ++submitted_;
    pool_.call({kSubmitTag, submission_, now()});
}

void Acceptance::answered(const Call& call, const Response& response) {
    auto latency = now() - call.due;
    if (call.tag == kPollTag) {
        polls.add(latency);
        pollErrors += response.status != 200;
        return;
    }
    submits.add(latency);
    accepted(response);
    if (submitted_ < options_.count) {
        submit();
    }
}

void Acceptance::accepted(const Response& response) {
    auto id = response.status == 202 ? jsonMember(response.body, "id") : std::nullopt;
    if (id) {
        ids.emplace_back(*id);
    } else {
        ++refused;
    }
}

}  // namespace

int runAccept(const Options& options) {
    Acceptance acceptance(options);
    auto before = exactCpuSeconds(options.worker);
    acceptance.run();
    auto cpu = exactCpuSeconds(options.worker) - before;

    auto start = now();
    JobClient client(options);
    for (const auto& id : acceptance.ids) {
        client.add(id);
    }
    client.settle(start + seconds(options.settle));

    auto accepted = acceptance.ids.size();
    ResultLine()
        .add("accepted", static_cast<std::int64_t>(accepted))
        .add("refused", static_cast<std::int64_t>(options.count - accepted))
        .add("seconds", asSeconds(acceptance.elapsed))
        .add("accepted_per_s", static_cast<double>(accepted) / asSeconds(acceptance.elapsed))
        .add("latency", acceptance.submits)
        .add("polls", static_cast<std::int64_t>(acceptance.polls.count()))
        .add("poll_errors", static_cast<std::int64_t>(acceptance.pollErrors))
        .add("poll", acceptance.polls)
        .add("cpu_s", cpu)
        .add("completed", static_cast<std::int64_t>(client.countFinal("COMPLETED")))
        .add("lost", static_cast<std::int64_t>(client.countLost()))
        .add("settled_after_s", asSeconds(now() - start))
        .print();
    return accepted == options.count && client.countLost() == 0 ? 0 : 1;
}

}  // namespace jobload
