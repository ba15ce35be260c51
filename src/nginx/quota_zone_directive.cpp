#include <array>
#include <memory>

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/parameters.h"
#include "edgerun/nginx/quota_zone.h"
#include "zone_parameters.h"

namespace edgerun::nginx {

namespace {

struct QuotaZoneDraft {
    ZoneSize zone;
    std::string journal;
};

std::string readName(ngx_conf_t*, std::string_view value, QuotaZoneDraft& draft) {
    return readZone(value, "quotas:1m", draft.zone);
}

std::string readDirectory(ngx_conf_t* cf, std::string_view value, QuotaZoneDraft& draft) {
    return readJournal(cf, value, "/var/lib/nginx/quotas", draft.journal);
}

constexpr std::array<Parameter<QuotaZoneDraft>, 2> kParameters{{
    {"zone", readName},
    {"journal", readDirectory},
}};

std::string checkSize(const ZoneSize& zone) {
    return zone.bytes < leastQuotaZone()
               ? "the zone " + quoted(zone.name) + " is too small; give it " +
                     std::to_string(leastQuotaZone() / 1024) + "k or more"
               : "";
}

std::string readLine(ngx_conf_t* cf, const MainConf& main, QuotaZoneDraft& draft) {
    Parameters parameters("\"edgerun_quota_zone\" ", "zone=NAME:SIZE, journal=DIRECTORY");
    parameters.take(kParameters, draft);
    std::string fault = parameters.read(cf, argumentsOf(cf));
    if (fault.empty()) {
        fault = checkZone(main, "edgerun_quota_zone", draft.zone.name, draft.journal);
    }
    return fault.empty() ? checkSize(draft.zone) : fault;
}

char* addZone(ngx_conf_t* cf, MainConf& main, QuotaZoneDraft draft) {
    auto conf = std::make_unique<QuotaZoneConf>();
    conf->name = std::move(draft.zone.name);
    conf->journal = std::move(draft.journal);
    if (!addJournal(cf, main, conf->journal, conf.get(), conf->pool)) {
        return confFailure();  // NGINX has said why
    }
    conf->shm = addQuotaZone(cf, *conf, draft.zone.bytes);
    if (conf->shm == nullptr) {
        return confFailure();  // NGINX has said why
    }
    main.quotaZones.push_back(std::move(conf));
    return NGX_CONF_OK;
}

}  // namespace

char* setQuotaZone(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return setZone(cf, conf, readLine, addZone);
}

}  // namespace edgerun::nginx
