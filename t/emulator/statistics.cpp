#include "statistics.h"

#include <sys/resource.h>

#include "json_text.h"

namespace emulator {

namespace {

std::int64_t signedCount(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

std::int64_t processorMs() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto ms = [](const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; };
    return ms(usage.ru_utime) + ms(usage.ru_stime);
}

}  // namespace

void Statistics::count(std::string_view call, int status) {
    auto found = counters_.find(call);
    if (found == counters_.end()) {
        found = counters_.emplace(call, Counter{}).first;
    }
    Counter& counter = found->second;
    ++counter.requests;
    std::uint64_t& kind = status == 0                     ? counter.unanswered
                          : status >= 200 && status < 300 ? counter.succeeded
                          : status >= 400 && status < 500 ? counter.refused
                                                          : counter.failed;
    ++kind;
}

std::string Statistics::render(const HttpServer::Load& load, std::size_t threads,
                               RecordCount runs) const {
    ObjectText calls;
    std::uint64_t requests = 0;
    for (const auto& [name, counter] : counters_) {
        requests += counter.requests;
        calls.raw(name, ObjectText()
                            .number("requests", signedCount(counter.requests))
                            .number("succeeded", signedCount(counter.succeeded))
                            .number("refused", signedCount(counter.refused))
                            .number("failed", signedCount(counter.failed))
                            .number("unanswered", signedCount(counter.unanswered))
                            .take());
    }
    return ObjectText()
        .number("requests", signedCount(requests))
        .raw("calls", calls.take())
        .raw("connections", ObjectText()
                                .number("open", signedCount(load.open))
                                .number("peak", signedCount(load.peak))
                                .number("accepted", signedCount(load.accepted))
                                .take())
        .number("threads", signedCount(threads))
        .number("runs", signedCount(runs.all))
        .number("active_runs", signedCount(runs.active))
        .number("cpu_ms", processorMs())
        .take();
}

}  // namespace emulator
