#include <algorithm>

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

namespace {

std::optional<std::size_t> findZone(const MainConf& main, std::string_view name) {
    for (std::size_t i = 0; i < main.quotaZones.size(); i++) {
        if (main.quotaZones[i]->name == name) {
            return i;
        }
    }
    return std::nullopt;
}

std::string unknownZone(const MainConf& main, std::string_view name) {
    std::vector<std::string_view> known;
    for (const auto& zone : main.quotaZones) {
        known.push_back(zone->name);
    }
    return unknownName(
        "edgerun_quota_zone", name, known,
        "add for example \"edgerun_quota_zone zone=" + std::string(name) + ":1m;\" to http {}");
}

void completeZone(ngx_conf_t* cf, MainConf& main, QuotaConf& quota) {
    if (const auto zone = findZone(main, quota.zoneName)) {
        quota.zone = *zone;
        return;
    }
    main.problems.add(cf, quota.place, unknownZone(main, quota.zoneName));
}

bool hasQuotas(const LocationConf& location) {
    return location.quotas && !location.quotas->empty();
}

void checkUsage(ngx_conf_t* cf, MainConf& main, const UsageConf& usage) {
    if (usage.location->jobs != nullptr || usage.location->knowledgeHandler != nullptr) {
        main.problems.add(cf, usage.place,
                          "\"edgerun_usage\" needs a location of its own, for example "
                          "\"location = /usage\"");
    }
    if (!hasQuotas(*usage.location)) {
        main.problems.add(cf, usage.place,
                          "\"edgerun_usage\" has nothing to show: no \"edgerun_quota\" is in "
                          "force here; write the quotas of the jobs at a level that holds both "
                          "locations, for example server {}");
    }
}

bool isIn(const LocationConf& location, const std::shared_ptr<QuotaConf>& quota) {
    return location.quotas && std::find(location.quotas->begin(), location.quotas->end(), quota) !=
                                  location.quotas->end();
}

bool counts(const MainConf& main, const std::shared_ptr<QuotaConf>& quota) {
    return std::any_of(main.jobs.begin(), main.jobs.end(),
                       [&](const JobsConf* jobs) { return isIn(locationOf(*jobs), quota); });
}

void warnOfUncounted(ngx_conf_t* cf, const MainConf& main,
                     const std::shared_ptr<QuotaConf>& quota) {
    if (main.problems.count() == 0 && !counts(main, quota)) {
        warn(cf, quota->place,
             "\"edgerun_quota\" counts nothing: it is in force in no location with "
             "\"edgerun_jobs\"");
    }
}

}  // namespace

void completeQuotas(ngx_conf_t* cf, MainConf& conf) {
    for (const auto& quota : conf.quotas) {
        completeZone(cf, conf, *quota);
        warnOfUncounted(cf, conf, quota);
    }
    for (const UsageConf& usage : conf.usages) {
        checkUsage(cf, conf, usage);
    }
}

}  // namespace edgerun::nginx
