#include <algorithm>
#include <array>

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/location_directive.h"
#include "edgerun/nginx/parameters.h"
#include "edgerun/nginx/quotas.h"

namespace edgerun::nginx {

namespace {

// --- its parameters ---

std::string readZone(ngx_conf_t*, std::string_view value, QuotaConf& conf) {
    conf.zoneName = value;
    return value.empty() ? "\"zone\" must be the name of an edgerun_quota_zone" : "";
}

std::string readLimit(ngx_conf_t* cf, std::string_view value, QuotaConf& conf) {
    if (const auto limit = parseQuotaLimit(value)) {
        conf.limit = *limit;
        return {};
    }
    auto* complex = compileValue(cf, value);
    if (complex == nullptr || complex->lengths == nullptr) {
        return "\"limit\" must be a number up to " + std::to_string(kMostQuota) +
               ", \"unlimited\", or a variable, for example \"limit=$edgerun_limit\", not " +
               quoted(value);
    }
    conf.limitValue = complex;
    return {};
}

std::string readDefault(ngx_conf_t*, std::string_view value, QuotaConf& conf) {
    conf.defaultLimit = parseQuotaLimit(value);
    return conf.defaultLimit ? ""
                             : "\"default\" must be a number up to " + std::to_string(kMostQuota) +
                                   ", or \"unlimited\", not " + quoted(value);
}

std::string readPeriod(ngx_conf_t*, std::string_view value, QuotaConf& conf) {
    const auto period = store::quotaPeriodNamed(value);
    conf.period = period.value_or(store::QuotaPeriod::Month);
    return period ? "" : "\"period\" must be month, day, hour or minute, not " + quoted(value);
}

std::string readUnit(ngx_conf_t*, std::string_view value, QuotaConf& conf) {
    if (value != "requests" && value != "tokens") {
        return "\"unit\" must be requests or tokens, not " + quoted(value);
    }
    conf.unit = value == "tokens" ? QuotaUnit::Tokens : QuotaUnit::Requests;
    return {};
}

std::string readReserve(ngx_conf_t*, std::string_view value, QuotaConf& conf) {
    const auto tokens = parseNumber(value);
    conf.reserve = tokens.value_or(1);
    return tokens && *tokens > 0
               ? ""
               : "\"reserve\" must be the number of tokens, 1 to 999999999, that a "
                 "job holds while it runs, for example \"reserve=1000\", not " +
                     quoted(value);
}

std::string readKey(ngx_conf_t* cf, std::string_view value, QuotaConf& conf) {
    conf.keyText = value;
    conf.key = compileValue(cf, value);
    const bool isVariable = conf.key != nullptr && conf.key->lengths != nullptr;
    return isVariable ? ""
                      : "\"key\" must be a variable, for example \"key=$edgerun_claim_org\", not " +
                            quoted(value) + "; without it, each user has a counter";
}

std::string readTimeZone(ngx_conf_t* cf, std::string_view value, QuotaConf& conf) {
    auto& calendars = mainConfOf(cf).calendars;
    auto known = calendars.find(value);
    if (known == calendars.end()) {
        auto calendar = store::QuotaCalendar::create(std::string(value));
        if (!calendar) {
            return "\"timezone\" must be \"UTC\" or a name of the system's time zones, for example "
                   "\"timezone=Europe/Berlin\", not " +
                   quoted(value);
        }
        known =
            calendars
                .emplace(value, std::make_shared<const store::QuotaCalendar>(std::move(*calendar)))
                .first;
    }
    conf.calendar = known->second;
    return {};
}

constexpr std::array<Parameter<QuotaConf>, 8> kParameters{{
    {"zone", readZone},
    {"limit", readLimit},
    {"default", readDefault},
    {"period", readPeriod},
    {"unit", readUnit},
    {"reserve", readReserve},
    {"key", readKey},
    {"timezone", readTimeZone},
}};

constexpr std::string_view kUse =
    "zone=NAME, limit=N|$variable, period=month|day|hour|minute, unit=requests|tokens, reserve=N, "
    "default=N, key=$variable, timezone=NAME, dry_run";

// --- what they are together ---

std::string whatLacks(const GivenNames& given) {
    std::string lacking;
    for (const std::string_view name : {"zone=NAME", "limit=N", "period=month|day|hour|minute"}) {
        if (!given.has(splitNamed(name).name)) {
            lacking += (lacking.empty() ? "" : ", ") + quoted(name);
        }
    }
    return lacking.empty() ? "" : "\"edgerun_quota\" needs " + lacking;
}

std::string checkTokens(const QuotaConf& conf) {
    const bool fitsNone =
        conf.limitValue == nullptr
            ? conf.limit < conf.reserve
            : conf.defaultLimit && *conf.defaultLimit > 0 && *conf.defaultLimit < conf.reserve;
    return fitsNone ? "the limit is smaller than \"reserve\", " + std::to_string(conf.reserve) +
                          " tokens: no job would ever fit; raise the limit, or lower \"reserve\""
                    : "";
}

std::string checkTogether(const QuotaConf& conf, const GivenNames& given) {
    std::string lacking = whatLacks(given);
    if (!lacking.empty()) {
        return lacking;
    }
    if (given.has("default") && conf.limitValue == nullptr) {
        return "\"default\" is of no use without \"limit=$variable\", which it stands in for";
    }
    if (conf.unit == QuotaUnit::Tokens) {
        return checkTokens(conf);
    }
    return given.has("reserve") ? "\"reserve\" is of no use without \"unit=tokens\"" : "";
}

std::string readLine(ngx_conf_t* cf, QuotaConf& conf) {
    Parameters parameters("\"edgerun_quota\" ", kUse);
    parameters.take(kParameters, conf);
    parameters.takeFlag("dry_run", conf.isDryRun);
    std::string fault = parameters.read(cf, argumentsOf(cf));
    return fault.empty() ? checkTogether(conf, parameters.given()) : fault;
}

// --- beside others ---

using Quotas = std::vector<std::shared_ptr<QuotaConf>>;

bool shareCounter(const QuotaConf& a, const QuotaConf& b) {
    return a.zoneName == b.zoneName && a.unit == b.unit && a.period == b.period &&
           a.calendar == b.calendar && a.keyText == b.keyText;
}

std::string checkBeside(const Quotas& quotas, const QuotaConf& conf) {
    if (quotas.size() == store::QuotaCounters::kMostClaims) {
        return "there are more than " + std::to_string(store::QuotaCounters::kMostClaims) +
               " \"edgerun_quota\" at this level, and a job takes of no more";
    }
    for (const auto& other : quotas) {
        if (shareCounter(*other, conf)) {
            return "this quota counts the same as that of line " +
                   std::to_string(other->place.line) +
                   ": both would share one counter; give them another period, unit, key or "
                   "timezone, or remove one";
        }
    }
    return {};
}

/// Unlike those of the others: to clients it is an identifier.
std::string nameBeside(const Quotas& quotas, const QuotaConf& conf) {
    const auto isTaken = [&](const std::string& name) {
        return std::any_of(quotas.begin(), quotas.end(),
                           [&](const auto& other) { return other->name == name; });
    };
    const std::string base =
        std::string(store::nameOf(conf.period)) + (conf.unit == QuotaUnit::Tokens ? "-tokens" : "");
    std::string name = base;
    for (int i = 2; isTaken(name); i++) {
        name = base + "-" + std::to_string(i);
    }
    return name;
}

std::string addQuota(ngx_conf_t* cf, Quotas& quotas) {
    QuotaConf conf;
    conf.place = placeOf(cf);
    std::string fault = readTimeZone(cf, "UTC", conf);
    if (fault.empty()) {
        fault = readLine(cf, conf);
    }
    if (fault.empty()) {
        fault = checkBeside(quotas, conf);
    }
    conf.name = nameBeside(quotas, conf);
    quotas.push_back(std::make_shared<QuotaConf>(std::move(conf)));
    if (fault.empty()) {
        mainConfOf(cf).quotas.push_back(quotas.back());
    } else {
        quotas.back()->zoneName.clear();  // shares no counter
    }
    return fault;
}

std::string turnOff(std::optional<Quotas>& quotas) {
    if (quotas) {
        return quotas->empty() ? "\"edgerun_quota\" is duplicate"
                               : "\"edgerun_quota off\" stands alone: remove it, or the other "
                                 "\"edgerun_quota\" of this level";
    }
    quotas.emplace();
    return {};
}

std::string readQuota(ngx_conf_t* cf, std::optional<Quotas>& quotas) {
    if (isOff(argumentsOf(cf))) {
        return turnOff(quotas);
    }
    if (quotas && quotas->empty()) {
        return "\"edgerun_quota off\" of this level leaves none: remove it, or this";
    }
    return addQuota(cf, quotas ? *quotas : quotas.emplace());
}

}  // namespace

char* setQuota(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        const std::string fault = readQuota(cf, static_cast<LocationConf*>(conf)->quotas);
        if (!fault.empty()) {
            mainConfOf(cf).problems.add(cf, fault);
        }
        return NGX_CONF_OK;
    });
}

}  // namespace edgerun::nginx
