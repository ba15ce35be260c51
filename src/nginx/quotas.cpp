#include "edgerun/nginx/quotas.h"

#include <algorithm>
#include <charconv>

#include "edgerun/auth/sha256.h"
#include "edgerun/engine/clocks.h"
#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

namespace {

/// What a request's value says; empty without one. nullopt: it could not be evaluated.
std::optional<std::string_view> valueOf(ngx_http_request_t* r, ngx_http_complex_value_t* value) {
    ngx_str_t text{0, nullptr};
    if (value != nullptr && ngx_http_complex_value(r, value, &text) != NGX_OK) {
        return std::nullopt;
    }
    return loop::view(text);
}

/// More than a limit may be is still a number.
std::uint64_t limitSaidBy(std::string_view text, const QuotaConf& quota) {
    if (const auto limit = parseQuotaLimit(text)) {
        return *limit;
    }
    const bool isNumber = !text.empty() && std::all_of(text.begin(), text.end(),
                                                       [](char c) { return c >= '0' && c <= '9'; });
    return isNumber ? kMostQuota : quota.defaultLimit.value_or(0);
}

std::optional<std::uint64_t> limitFor(ngx_http_request_t* r, const QuotaConf& quota) {
    if (quota.limitValue == nullptr) {
        return quota.limit;
    }
    const auto text = valueOf(r, quota.limitValue);
    return text ? std::optional(limitSaidBy(*text, quota)) : std::nullopt;
}

/// Unit and period are one byte each, and names have no NUL: no two counters look alike, nor do
/// those of two variables that happen to have the same value. Journals keep it.
store::QuotaKey quotaKeyOf(const QuotaConf& quota, std::string_view whose) {
    std::string bytes;
    bytes += static_cast<char>(quota.unit);
    bytes += static_cast<char>(quota.period);
    bytes += quota.key == nullptr ? 'u' : 'k';
    bytes += quota.calendar->timeZone();
    bytes += '\0';
    bytes += quota.keyText;
    bytes += '\0';
    bytes += whose;
    return auth::digestOf(bytes);
}

std::string_view bytesOf(const auth::OwnerKey& user) {
    return {reinterpret_cast<const char*>(user.data()), user.size()};
}

engine::QuotaOrder orderOf(const QuotaConf& quota, std::string_view whose, std::uint64_t limit) {
    engine::QuotaOrder order;
    order.zone = quota.zone;
    order.claim.key = quotaKeyOf(quota, whose);
    order.claim.window = quota.calendar->windowOf(quota.period, engine::wallNow());
    order.claim.limit = limit;
    order.claim.isSettled = quota.unit == QuotaUnit::Tokens;
    order.claim.amount = order.claim.isSettled ? quota.reserve : 1;
    order.claim.isDryRun = quota.isDryRun;
    return order;
}

}  // namespace

std::optional<std::uint64_t> parseQuotaLimit(std::string_view text) {
    if (text == "unlimited") {
        return kUnlimited;
    }
    std::uint64_t limit = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, limit);
    const bool isUsable = read.ec == std::errc{} && read.ptr == end && limit <= kMostQuota;
    return isUsable ? std::optional(limit) : std::nullopt;
}

std::optional<std::vector<engine::QuotaOrder>> quotaOrdersOf(ngx_http_request_t* r,
                                                             const LocationConf& location,
                                                             const store::JobOwner& owner) {
    std::vector<engine::QuotaOrder> orders;
    for (std::size_t i = 0; location.quotas && i < location.quotas->size(); i++) {
        const QuotaConf& quota = *(*location.quotas)[i];
        const auto key = valueOf(r, quota.key);
        const auto limit = limitFor(r, quota);
        if (!key || !limit) {
            return std::nullopt;
        }
        if (quota.key == nullptr || !key->empty()) {
            orders.push_back(
                orderOf(quota, quota.key == nullptr ? bytesOf(owner.user) : *key, *limit));
            orders.back().quota = i;
        }
    }
    return orders;
}

std::uint64_t leftOf(const store::QuotaClaim& claim, const store::QuotaUse& use) {
    return claim.limit > use.used ? claim.limit - use.used : 0;
}

}  // namespace edgerun::nginx
