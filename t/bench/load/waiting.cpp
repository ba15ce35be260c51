#include "waiting.h"

#include <algorithm>
#include <chrono>

#include "job_client.h"
#include "json_fields.h"

namespace jobload {

namespace {

std::int64_t wallMilliseconds() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

WaitingClients::WaitingClients(const Endpoint& endpoint, std::size_t count)
    : pool_(endpoint, count, [this](const Call&, Response&& response) { note(response); }) {}

void WaitingClients::send(std::string request) {
    pool_.call({0, std::move(request), now()});
}

void WaitingClients::waitUntil(Nanos deadline) {
    while (pool_.pending() > 0 && now() < deadline) {
        pool_.wait(deadline);
    }
}

void WaitingClients::observe(Nanos duration) {
    for (auto end = now() + duration; now() < end;) {
        pool_.wait(end);
    }
}

void WaitingClients::note(const Response& response) {
    auto arrival = wallMilliseconds();
    auto completed = millisecondsOf(jsonMember(response.body, "completedAt").value_or(""));
    if (response.status != 200 || !completed ||
        !isFinal(jsonMember(response.body, "status").value_or(""))) {
        ++errors_;
        return;
    }
    delays_.add(std::max<std::int64_t>(arrival - *completed, 0) * kMillisecond);
}

}  // namespace jobload
