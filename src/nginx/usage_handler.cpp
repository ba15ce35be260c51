#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/gate.h"
#include "edgerun/nginx/json_response.h"
#include "edgerun/nginx/quotas.h"
#include "edgerun/nginx/response_headers.h"
#include "edgerun/nginx/worker.h"
#include "edgerun/text/json.h"
#include "edgerun/text/timestamp.h"
#include "read_only.h"

namespace edgerun::nginx {

namespace {

std::string renderQuota(const QuotaConf& quota, const store::QuotaClaim& claim,
                        const store::QuotaUse& use) {
    const bool isUnlimited = claim.limit == kUnlimited;
    std::string out;
    text::JsonObjectWriter json(out);
    json.string("name", quota.name);
    json.string("unit", quota.unit == QuotaUnit::Tokens ? "tokens" : "requests");
    json.string("period", store::nameOf(quota.period));
    json.raw("limit", isUnlimited ? "null" : std::to_string(claim.limit));
    json.raw("used", std::to_string(use.used));
    json.raw("reserved", std::to_string(use.reserved));
    json.raw("remaining", isUnlimited ? "null" : std::to_string(leftOf(claim, use)));
    json.string("resetAt", text::formatTimestamp(use.window.end));
    if (quota.isDryRun) {
        json.boolean("dryRun", true);
    }
    json.finish();
    return out;
}

std::string render(const LocationConf& location, const std::vector<engine::QuotaOrder>& orders,
                   engine::QuotaBook& book) {
    std::string quotas = "[";
    for (const engine::QuotaOrder& order : orders) {
        quotas += quotas.size() > 1 ? "," : "";
        quotas += renderQuota(*(*location.quotas)[order.quota], order.claim,
                              book.use(order.zone, order.claim.key, order.claim.window));
    }
    quotas += ']';

    std::string out;
    text::JsonObjectWriter json(out);
    json.raw("quotas", quotas);
    json.finish();
    return out;
}

ngx_int_t showUsage(ngx_http_request_t* r) {
    Worker* worker = workerFor(r);
    if (worker == nullptr) {
        return refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, "usage is not known now");
    }
    store::JobOwner owner;
    if (const auth::Caller* caller = callerOf(r)) {
        owner.user = caller->identity.owner;
    }
    const LocationConf& location = locationConfOf(r);
    const auto orders = quotaOrdersOf(r, location, owner);
    if (!orders || !addHeader(r, "Cache-Control", "no-store")) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    const ngx_str_t body = copyToPool(r, render(location, *orders, worker->quotas()));
    return body.data != nullptr ? sendJson(r, NGX_HTTP_OK, loop::view(body))
                                : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

}  // namespace

ngx_int_t usageHandler(ngx_http_request_t* r) noexcept {
    return contain<ngx_int_t>(r->connection->log, NGX_HTTP_INTERNAL_SERVER_ERROR,
                              [r] { return serveReadOnly(r, showUsage); });
}

}  // namespace edgerun::nginx
