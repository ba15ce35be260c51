#include "edgerun/engine/key_fetch.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "edgerun/engine/clocks.h"

namespace edgerun::engine {

namespace {

constexpr std::size_t kLongestReason = 300;
constexpr std::size_t kSkippedInLog = 8;

/// What others wrote, fit for a log.
std::string cleaned(std::string_view text) {
    std::string out(text.substr(0, kLongestReason));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return out;
}

bool isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string statusFault(int status) {
    return "it answered " + std::to_string(status) +
           (isRedirect(status)
                ? ", but redirects are not followed: configure the URL of the set itself"
                : "");
}

bool isCompressed(std::string_view body) {
    return body.substr(0, 2) == "\x1f\x8b";
}

/// What is wrong with the answer before anybody looks at its keys, or nothing.
std::string faultOf(const loop::TransferResult& result) {
    switch (result.outcome) {
        case loop::TransferOutcome::Complete:
            break;
        case loop::TransferOutcome::NotSent:
        case loop::TransferOutcome::Unknown:
            return cleaned(result.reason);
        case loop::TransferOutcome::TooLarge:
            return "its answer is larger than " + std::to_string(auth::kMaxKeySetBytes / 1024) +
                   " KiB";
    }
    if (result.status != 200) {
        return statusFault(result.status);
    }
    if (isCompressed(result.body)) {
        return "its answer is compressed, which nobody asked for";
    }
    return result.body.empty() ? "its answer is empty" : "";
}

}  // namespace

KeyFetch::KeyFetch(const KeySource& source, store::KeySetPage& page, loop::HttpClient& client,
                   Listener& listener)
    : source_(source), page_(page), client_(client), listener_(listener) {}

KeyFetch::~KeyFetch() {
    if (transfer_ != nullptr) {
        client_.cancel(transfer_);
        page_.giveBack(turn_);
    }
}

void KeyFetch::begin(store::FetchCause cause) {
    if (transfer_ != nullptr) {
        return;
    }
    const auto turn = page_.takeTurn(cause, source_.times, fetchNow());
    if (!turn) {
        return;
    }
    turn_ = *turn;
    try {
        loop::TransferRequest request;
        request.path = source_.path;
        request.timeout = source_.times.attempt;
        transfer_ = client_.start(source_.upstream, std::move(request), *this);
    } catch (const std::exception& trouble) {
        refuse(trouble.what());
    }
}

void KeyFetch::onTransfer(const loop::TransferResult& result) noexcept {
    transfer_ = nullptr;
    try {
        take(result);
    } catch (const std::exception& trouble) {
        page_.fail(turn_, fetchNow());
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "edgerun: keys could not be taken over: %s",
                      trouble.what());
    }
    listener_.onFetched();
}

/// The worker is leaving; what it began, another begins again.
void KeyFetch::onAbandoned() noexcept {
    transfer_ = nullptr;
    page_.giveBack(turn_);
}

void KeyFetch::take(const loop::TransferResult& result) {
    const std::string fault = faultOf(result);
    if (!fault.empty()) {
        return refuse(fault);
    }
    const auto read = auth::readKeySet(result.body);
    if (const auto* problem = std::get_if<std::string>(&read)) {
        return refuse("its answer " + cleaned(*problem));
    }
    accept(std::get<auth::KeySet>(read), result.body);
}

void KeyFetch::accept(const auth::KeySet& set, std::string_view bytes) {
    const store::FetchEnd end = page_.publish(turn_, bytes, fetchNow());
    const char* url = source_.url.c_str();
    ngx_log_t* log = ngx_cycle->log;
    if (!end.counts) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "edgerun: the key source \"%s\" answered too late; another worker asks it",
                      url);
        return;
    }
    if (end.failures > 0) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "edgerun: the key source \"%s\" is back after %uL failed attempts", url,
                      end.failures);
    }
    if (!end.isNew) {
        return;
    }
    ngx_log_error(NGX_LOG_NOTICE, log, 0, "edgerun: %uz keys from \"%s\" are in force",
                  set.keys.size(), url);
    for (std::size_t i = 0; i < std::min(set.skipped.size(), kSkippedInLog); i++) {
        ngx_log_error(NGX_LOG_WARN, log, 0, "edgerun: key source \"%s\": %s", url,
                      cleaned(set.skipped[i]).c_str());
    }
    if (set.skipped.size() > kSkippedInLog) {
        ngx_log_error(NGX_LOG_WARN, log, 0, "edgerun: key source \"%s\": %uz more keys left out",
                      url, set.skipped.size() - kSkippedInLog);
    }
}

void KeyFetch::refuse(const std::string& reason) {
    const std::uint64_t now = fetchNow();
    if (!page_.fail(turn_, now).counts) {
        return;  // another worker asks already
    }
    const store::FetchOutlook outlook = page_.outlook(source_.times);
    const std::uint64_t pause = outlook.next > now ? (outlook.next - now + 999) / 1000 : 0;
    ngx_log_error(
        NGX_LOG_ERR, ngx_cycle->log, 0,
        "edgerun: no keys from \"%s\": %s; %s, next attempt in %uLs", source_.url.c_str(),
        reason.c_str(),
        outlook.epoch != 0 ? "the last good set stays in force" : "there has never been a good set",
        pause);
}

}  // namespace edgerun::engine
