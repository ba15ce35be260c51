#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "edgerun/engine/quota_book.h"
#include "edgerun/nginx/job_calls.h"

/// The quotas of a location's jobs, for one request.
namespace edgerun::nginx {

/// Decimal digits up to kMostQuota, or "unlimited": kUnlimited.
std::optional<std::uint64_t> parseQuotaLimit(std::string_view text);

/// What a job of this caller is to take from each of the location's quotas, those aside whose key
/// is empty; nullopt: NGINX could not evaluate a variable.
std::optional<std::vector<engine::QuotaOrder>> quotaOrdersOf(ngx_http_request_t* r,
                                                             const LocationConf& location,
                                                             const store::JobOwner& owner);

/// What that user may still take.
std::uint64_t leftOf(const store::QuotaClaim& claim, const store::QuotaUse& use);

/// RateLimit and RateLimit-Policy, as these quotas stand now (draft-ietf-httpapi-ratelimit-headers
/// -11). Of unlimited quotas and dry runs nothing.
bool addRateLimit(ngx_http_request_t* r, const LocationConf& location,
                  const std::vector<engine::QuotaOrder>& orders,
                  const engine::QuotaVerdict& verdict);

/// Logs what dry runs would have refused.
void logDryRuns(const ngx_http_request_t* r, const LocationConf& location,
                const std::vector<engine::QuotaOrder>& orders, const engine::QuotaVerdict& verdict);

/// 429, with RateLimit, Retry-After, and x-should-retry for periods that no client waits for. What
/// running jobs hold of a quota of tokens may come back sooner: that does not count as spent.
ngx_int_t refuseSpent(ngx_http_request_t* r, const LocationConf& location,
                      const std::vector<engine::QuotaOrder>& orders,
                      const engine::QuotaVerdict& verdict);

/// edgerun_usage: GET shows how the location's quotas stand for the caller.
ngx_int_t usageHandler(ngx_http_request_t* r) noexcept;

}  // namespace edgerun::nginx
