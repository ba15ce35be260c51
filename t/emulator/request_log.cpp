#include "request_log.h"

#include "json_text.h"

namespace emulator {

namespace {

constexpr std::size_t kMostEntries = 50'000;
constexpr std::size_t kMostBody = 16 * 1024;

std::string headersJson(const Pairs& headers) {
    ObjectText object;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        bool isRepeated = false;
        for (std::size_t j = 0; j < i; ++j) {
            isRepeated = isRepeated || headers[j].first == headers[i].first;
        }
        if (isRepeated) {
            continue;
        }
        std::string joined = headers[i].second;
        for (std::size_t j = i + 1; j < headers.size(); ++j) {
            joined += headers[j].first == headers[i].first ? ", " + headers[j].second : "";
        }
        object.string(headers[i].first, joined);
    }
    return object.take();
}

}  // namespace

bool RequestLog::openFile(const std::string& name) {
    file_.reset(std::fopen(name.c_str(), "a"));
    return file_ != nullptr;
}

void RequestLog::add(const Request& request, std::string_view call, int status,
                     std::string_view fault) {
    ++sequence_;
    std::string json = ObjectText(512 + request.body.size())
                           .number("seq", static_cast<std::int64_t>(sequence_))
                           .number("time_ms", request.receivedMs)
                           .string("call", call)
                           .string("method", request.method)
                           .string("path", request.path)
                           .string("query", request.query)
                           .raw("headers", headersJson(request.headers))
                           .string("body", std::string_view(request.body).substr(0, kMostBody))
                           .number("body_bytes", static_cast<std::int64_t>(request.body.size()))
                           .raw("status", status == 0 ? "null" : std::to_string(status))
                           .raw("fault", fault.empty() ? "null" : jsonString(fault))
                           .number("connection", static_cast<std::int64_t>(request.connection))
                           .take();
    if (file_ != nullptr) {
        std::fprintf(file_.get(), "%s\n", json.c_str());
        std::fflush(file_.get());
    }
    entries_.push_back({sequence_, std::string(call), std::move(json)});
    if (entries_.size() > kMostEntries) {
        entries_.pop_front();
    }
}

std::string RequestLog::render(std::uint64_t since, std::string_view call) const {
    std::string list = "[";
    for (const Entry& entry : entries_) {
        if (entry.sequence > since && (call.empty() || call == entry.call)) {
            list += list.size() > 1 ? ",\n" : "";
            list += entry.json;
        }
    }
    return list + "]\n";
}

}  // namespace emulator
