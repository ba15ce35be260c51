#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/problems.h"
#include "edgerun/store/quota_window.h"

struct ngx_thread_pool_s;

namespace edgerun::nginx {

/// One edgerun_quota_zone.
struct QuotaZoneConf {
    std::string name;
    std::string journal;  ///< its directory, absolute; or empty
    ngx_thread_pool_s* pool = nullptr;
    ngx_shm_zone_t* shm = nullptr;
};

enum class QuotaUnit : std::uint8_t { Requests, Tokens };

/// One edgerun_quota.
struct QuotaConf {
    std::string zoneName;
    QuotaUnit unit = QuotaUnit::Requests;
    store::QuotaPeriod period = store::QuotaPeriod::Month;
    std::shared_ptr<const store::QuotaCalendar> calendar;
    std::uint64_t limit = 0;                         ///< if limitValue is null
    ngx_http_complex_value_t* limitValue = nullptr;  ///< for each request; or null
    std::optional<std::uint64_t> defaultLimit;       ///< where that is empty; unset: 0
    std::uint64_t reserve = 1000;                    ///< tokens that a job holds while it runs
    ngx_http_complex_value_t* key = nullptr;         ///< null: the caller
    bool isDryRun = false;
    Place place;

    std::size_t zone = 0;  ///< index in MainConf::quotaZones, once all is known
};

}  // namespace edgerun::nginx
