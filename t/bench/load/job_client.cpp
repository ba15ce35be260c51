#include "job_client.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "json_fields.h"
#include "pace.h"

namespace jobload {

namespace {

constexpr std::uint64_t kSubmitTag = std::numeric_limits<std::uint64_t>::max();
constexpr double kSettleRate = 5000;
constexpr std::string_view kGone = "GONE";

}  // namespace

std::string submissionOf(std::int64_t durationMs, std::size_t rounds) {
    const std::string tools =
        rounds == 0 ? ""
                    : " [[tools=lookup,lookup]] [[tool_rounds=" + std::to_string(rounds) + "]]";
    return "{\"query\":\"A patient of 58 years reports chest pain for two hours, radiating into "
           "the left arm, with sweating and nausea. Which examinations come first, and what would "
           "change the order? [[duration=" +
           std::to_string(durationMs) + "]]" + tools + "\"}";
}

bool isFinal(std::string_view status) {
    return status == "COMPLETED" || status == "FAILED" || status == "CANCELLED";
}

JobClient::JobClient(const Options& options)
    : endpoint_(*options.url),
      credential_(options.credential),
      rounds_(options.rounds),
      pool_(endpoint_, options.connections,
            [this](const Call& call, Response&& response) { answered(call, response); }) {}

void JobClient::submit(std::int64_t durationMs, Nanos due) {
    auto body = submissionOf(durationMs, rounds_);
    pool_.call(
        {kSubmitTag, renderRequest("POST", endpoint_, endpoint_.path, credential_, body), due});
}

void JobClient::poll(Nanos due) {
    if (open_.empty()) {
        return;
    }
    auto index = open_.front();
    open_.pop_front();
    ++polling_;
    auto path = endpoint_.path + "/" + jobs_[index].id;
    pool_.call({index, renderRequest("GET", endpoint_, path, credential_), due});
}

void JobClient::settle(Nanos deadline) {
    isSettling_ = true;
    Pace pace(now(), kSettleRate, std::numeric_limits<std::size_t>::max());
    while (!(open_.empty() && polling_ == 0) && now() < deadline) {
        for (; pace.due() <= now(); pace.next()) {
            poll(pace.due());
        }
        wait(pace.due());
    }
}

std::size_t JobClient::countFinal(std::string_view status) const {
    auto has = [status](const ClientJob& job) { return job.finalStatus == status; };
    return static_cast<std::size_t>(std::count_if(jobs_.begin(), jobs_.end(), has));
}

std::size_t JobClient::countLost() const {
    return countFinal("") + countFinal(kGone);
}

void JobClient::answered(const Call& call, const Response& response) {
    auto latency = now() - call.due;
    if (call.tag == kSubmitTag) {
        lastSubmitAnswer_ = now();
        submitLatency_.add(latency);
        submitAnswered(response);
        return;
    }
    --polling_;
    if (!isSettling_) {
        pollLatency_.add(latency);
    }
    pollAnswered(call.tag, response);
}

void JobClient::submitAnswered(const Response& response) {
    auto id = response.status == 202 ? jsonMember(response.body, "id") : std::nullopt;
    if (!id) {
        ++refused_;
        return;
    }
    add(std::string(*id));
}

void JobClient::add(std::string id) {
    open_.push_back(jobs_.size());
    jobs_.push_back({std::move(id), {}, {}});
}

void JobClient::pollAnswered(std::size_t index, const Response& response) {
    auto& job = jobs_[index];
    if (response.status == 404 || response.status == 410) {
        job.finalStatus = kGone;
        return;
    }
    auto status = response.status == 200 ? jsonMember(response.body, "status") : std::nullopt;
    pollErrors_ += !status;
    if (!status || !isFinal(*status)) {
        open_.push_back(index);
        return;
    }
    job.finalStatus = *status;
    job.completedAt = millisecondsOf(jsonMember(response.body, "completedAt").value_or(""));
}

}  // namespace jobload
