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

/// What a limit may be: no more than a structured field can say (RFC 9651 section 3.3.1).
inline constexpr std::uint64_t kMostQuota = 999'999'999'999'999;
inline constexpr std::uint64_t kUnlimited = UINT64_MAX;

/// One edgerun_quota.
struct QuotaConf {
    std::string name;  ///< to clients: "month", "month-tokens"; "month-2" is the second of a name
    std::string zoneName;
    QuotaUnit unit = QuotaUnit::Requests;
    store::QuotaPeriod period = store::QuotaPeriod::Month;
    std::shared_ptr<const store::QuotaCalendar> calendar;
    std::uint64_t limit = 0;                         ///< if limitValue is null; or kUnlimited
    ngx_http_complex_value_t* limitValue = nullptr;  ///< for each request; or null
    std::optional<std::uint64_t> defaultLimit;       ///< where that is no number; unset: 0
    std::uint64_t reserve = 1000;                    ///< tokens that a job holds while it runs
    std::string keyText;                             ///< as written
    ngx_http_complex_value_t* key = nullptr;         ///< null: the caller
    bool isDryRun = false;
    Place place;

    std::size_t zone = 0;  ///< index in MainConf::quotaZones, once all is known
};

}  // namespace edgerun::nginx
