#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock.h"
#include "http_pool.h"
#include "latency.h"
#include "options.h"

namespace jobload {

/// What the client knows of a job that was accepted.
struct ClientJob {
    std::string id;
    std::string finalStatus;                  ///< empty until a poll showed a final one
    std::optional<std::int64_t> completedAt;  ///< ms since the epoch, by the server's word
};

/// The body of a submission on which the provider will work so long.
/// `rounds` of two calls of the tool "lookup" each, before the answer.
std::string submissionOf(std::int64_t durationMs, std::size_t rounds = 0);

bool isFinal(std::string_view status);

/// A client of the jobs location: submits, and polls in turn the jobs that are not final yet.
class JobClient {
public:
    explicit JobClient(const Options& options);

    /// Submits a job on which the provider will work for `durationMs`.
    void submit(std::int64_t durationMs, Nanos due);

    /// A job that was accepted elsewhere: it is polled like the others.
    void add(std::string id);

    /// Polls the job that waited longest for it; nothing when no job is open.
    void poll(Nanos due);

    void wait(Nanos until) { pool_.wait(until); }

    /// Polls until all accepted jobs are final, or `deadline`.
    void settle(Nanos deadline);

    std::size_t pending() const { return pool_.pending(); }
    const std::vector<ClientJob>& jobs() const { return jobs_; }
    std::size_t countFinal(std::string_view status) const;

    /// Accepted jobs whose end was never seen, or that the server no longer knows.
    std::size_t countLost() const;

    const Latency& submitLatency() const { return submitLatency_; }
    const Latency& pollLatency() const { return pollLatency_; }
    std::size_t refused() const { return refused_; }
    std::size_t pollErrors() const { return pollErrors_; }

    /// The latest moment at which a submission was answered.
    Nanos lastSubmitAnswer() const { return lastSubmitAnswer_; }

private:
    void answered(const Call& call, const Response& response);
    void submitAnswered(const Response& response);
    void pollAnswered(std::size_t index, const Response& response);

    Endpoint endpoint_;
    std::string credential_;
    std::size_t rounds_;
    HttpPool pool_;
    std::vector<ClientJob> jobs_;
    std::deque<std::size_t> open_;  ///< not final, no poll under way
    Latency submitLatency_;
    Latency pollLatency_;
    std::size_t polling_ = 0;
    std::size_t refused_ = 0;
    std::size_t pollErrors_ = 0;
    bool isSettling_ = false;  ///< then polls are not part of the measurement
    Nanos lastSubmitAnswer_ = 0;
};

}  // namespace jobload
