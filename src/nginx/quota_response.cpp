#include <algorithm>
#include <tuple>

#include "edgerun/engine/clocks.h"
#include "edgerun/nginx/api_error.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/quotas.h"
#include "edgerun/nginx/response_headers.h"
#include "edgerun/text/timestamp.h"

/// How clients, and the log, hear of quotas.
namespace edgerun::nginx {

namespace {

constexpr std::uint64_t kRetryWhenHeld = 5;  // seconds

/// One quota of a request.
struct Seen {
    const QuotaConf& quota;
    const store::QuotaClaim& claim;
    const store::QuotaUse& use;
    bool isExceeded;
};

/// Calls it for each, in the order of the configuration.
template <typename Function>
void forEachQuota(const LocationConf& location, const std::vector<engine::QuotaOrder>& orders,
                  const engine::QuotaVerdict& verdict, Function&& function) {
    for (std::size_t i = 0; i < orders.size() && i < verdict.uses.size(); i++) {
        const bool isExceeded = i < verdict.exceeded.size() && verdict.exceeded[i];
        function(Seen{*(*location.quotas)[orders[i].quota], orders[i].claim, verdict.uses[i],
                      isExceeded});
    }
}

/// At least 1: who comes again in the same second would be refused again.
std::uint64_t secondsUntil(std::int64_t end) {
    const std::int64_t ms = end - engine::wallNow();
    return static_cast<std::uint64_t>(std::max<std::int64_t>((ms + 999) / 1000, 1));
}

// --- RateLimit ---

std::string policyOf(const Seen& seen) {
    const std::int64_t seconds = (seen.use.window.end - seen.use.window.begin) / 1000;
    return '"' + seen.quota.name + "\";q=" + std::to_string(seen.claim.limit) +
           ";w=" + std::to_string(seconds) +
           (seen.quota.unit == QuotaUnit::Tokens ? ";qu=\"edgerun-tokens\"" : "");
}

std::string stateOf(const Seen& seen) {
    return '"' + seen.quota.name + "\";r=" + std::to_string(leftOf(seen.claim, seen.use)) +
           ";t=" + std::to_string(secondsUntil(seen.use.window.end));
}

void addMember(std::string& list, const std::string& member) {
    list += (list.empty() ? "" : ", ") + member;
}

// --- 429 ---

struct Refusal {
    std::uint64_t seconds = 0;  ///< until it is worth trying again
    store::QuotaPeriod period = store::QuotaPeriod::Minute;
    bool isFinal = false;  ///< no client should wait for that
    std::string message;
};

/// Of two that end together, as the last hour of a day does with its day, the longer period.
bool lastsLonger(const Refusal& one, const Refusal& other) {
    return std::tie(one.seconds, one.period) > std::tie(other.seconds, other.period);
}

std::string_view withArticle(store::QuotaPeriod period) {
    switch (period) {
        case store::QuotaPeriod::Minute:
            return "a minute";
        case store::QuotaPeriod::Hour:
            return "an hour";
        case store::QuotaPeriod::Day:
            return "a day";
        case store::QuotaPeriod::Month:
            return "a month";
    }
    return {};
}

bool isLong(store::QuotaPeriod period) {
    switch (period) {
        case store::QuotaPeriod::Minute:
        case store::QuotaPeriod::Hour:
            return false;
        case store::QuotaPeriod::Day:
        case store::QuotaPeriod::Month:
            return true;
    }
    return false;
}

/// "the quota of 1000 requests a month"
std::string describe(const Seen& seen) {
    const std::string_view unit = seen.quota.unit == QuotaUnit::Tokens ? " token" : " request";
    return "the quota of " + std::to_string(seen.claim.limit) + std::string(unit) +
           (seen.claim.limit == 1 ? " " : "s ") + std::string(withArticle(seen.quota.period));
}

/// Jobs that are running hold what is missing, and may not need it.
bool isHeld(const Seen& seen) {
    const std::uint64_t settled = seen.use.used - std::min(seen.use.used, seen.use.reserved);
    return seen.use.reserved > 0 && settled <= seen.claim.limit &&
           seen.claim.amount <= seen.claim.limit - settled;
}

Refusal refusalBy(const Seen& seen) {
    if (isHeld(seen)) {
        return {kRetryWhenHeld, seen.quota.period, false,
                "running jobs hold the rest of " + describe(seen) + "; try again later"};
    }
    const std::uint64_t left = leftOf(seen.claim, seen.use);
    const std::string state = left > 0
                                  ? " has " + std::to_string(left) + " left, and a job needs " +
                                        std::to_string(seen.claim.amount)
                                  : std::string(" is spent");
    return {secondsUntil(seen.use.window.end), seen.quota.period, isLong(seen.quota.period),
            describe(seen) + state + "; it begins anew at " +
                text::formatTimestamp(seen.use.window.end)};
}

/// Of several, the one that lasts longest.
Refusal refusalOf(const LocationConf& location, const std::vector<engine::QuotaOrder>& orders,
                  const engine::QuotaVerdict& verdict) {
    Refusal longest{1, store::QuotaPeriod::Minute, false, "a quota is spent"};
    bool isFinal = false;
    forEachQuota(location, orders, verdict, [&](const Seen& seen) {
        if (seen.isExceeded && !seen.quota.isDryRun) {
            Refusal refusal = refusalBy(seen);
            isFinal = isFinal || refusal.isFinal;
            if (!lastsLonger(longest, refusal)) {
                longest = std::move(refusal);
            }
        }
    });
    longest.isFinal = isFinal;
    return longest;
}

}  // namespace

bool addRateLimit(ngx_http_request_t* r, const LocationConf& location,
                  const std::vector<engine::QuotaOrder>& orders,
                  const engine::QuotaVerdict& verdict) {
    std::string policies;
    std::string states;
    forEachQuota(location, orders, verdict, [&](const Seen& seen) {
        if (seen.claim.limit != kUnlimited && !seen.quota.isDryRun) {
            addMember(policies, policyOf(seen));
            addMember(states, stateOf(seen));
        }
    });
    return policies.empty() || (addHeader(r, "RateLimit-Policy", policies) != nullptr &&
                                addHeader(r, "RateLimit", states) != nullptr);
}

void logDryRuns(const ngx_http_request_t* r, const LocationConf& location,
                const std::vector<engine::QuotaOrder>& orders,
                const engine::QuotaVerdict& verdict) {
    std::string exceeded;
    forEachQuota(location, orders, verdict, [&](const Seen& seen) {
        if (seen.isExceeded && seen.quota.isDryRun) {
            addMember(exceeded, describe(seen) + " in zone \"" + seen.quota.zoneName + '"');
        }
    });
    if (!exceeded.empty()) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "\"edgerun_quota\", dry run, would refuse the request: %s", exceeded.c_str());
    }
}

ngx_int_t refuseSpent(ngx_http_request_t* r, const LocationConf& location,
                      const std::vector<engine::QuotaOrder>& orders,
                      const engine::QuotaVerdict& verdict) {
    const Refusal refusal = refusalOf(location, orders, verdict);
    const bool added = addRateLimit(r, location, orders, verdict) &&
                       addRetryAfter(r, refusal.seconds) &&
                       (!refusal.isFinal || addHeader(r, "x-should-retry", "false") != nullptr);
    return added ? refuse(r, NGX_HTTP_TOO_MANY_REQUESTS, refusal.message)
                 : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

}  // namespace edgerun::nginx
