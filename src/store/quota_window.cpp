#include "edgerun/store/quota_window.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "edgerun/text/timestamp.h"

namespace edgerun::store {

struct QuotaCalendar::Zone {
    cctz::time_zone rules;
};

namespace {

using Moment = cctz::time_point<cctz::seconds>;
using cctz::seconds;

constexpr std::size_t kLongestName = 64;

constexpr std::pair<QuotaPeriod, std::string_view> kPeriods[] = {
    {QuotaPeriod::Minute, "minute"},
    {QuotaPeriod::Hour, "hour"},
    {QuotaPeriod::Day, "day"},
    {QuotaPeriod::Month, "month"},
};

/// Files beside the database's zones: this machine's own, and other ways to say the same.
constexpr std::string_view kNoZones[] = {"localtime", "posixrules", "posix/", "right/"};

bool isNameCharacter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '/';
}

/// The library would open any file, and knows further kinds of names.
bool isZoneName(std::string_view name) {
    return !name.empty() && name.size() <= kLongestName && name.front() != '/' &&
           name.find("//") == std::string_view::npos &&
           std::all_of(name.begin(), name.end(), isNameCharacter) &&
           std::none_of(std::begin(kNoZones), std::end(kNoZones), [name](std::string_view other) {
               return name.substr(0, other.size()) == other;
           });
}

QuotaWindow windowBetween(Moment begin, Moment end) {
    const auto inMs = [](Moment moment) { return moment.time_since_epoch().count() * 1000; };
    return {inMs(begin), inMs(end)};
}

/// Days and months begin at the first moment of their first date. Where a clock that is set back
/// shows the former date once more, the new one goes on.
template <typename Civil>
QuotaWindow windowOfDates(const cctz::time_zone& rules, Moment moment) {
    Civil date(rules.lookup(moment).cs);
    const auto beginOf = [&rules](Civil civil) {
        return cctz::convert(cctz::civil_second(civil), rules);
    };
    while (beginOf(date + 1) <= moment) {
        ++date;
    }
    return windowBetween(beginOf(date), beginOf(date + 1));
}

/// The first moment in (from, to] whose offset is another than that of `from`: there is one.
Moment changeBetween(const cctz::time_zone& rules, Moment from, Moment to) {
    const int offset = rules.lookup(from).offset;
    while (to - from > seconds(1)) {
        const Moment middle = from + (to - from) / 2;
        (rules.lookup(middle).offset == offset ? from : to) = middle;
    }
    return to;
}

/// Hours and minutes that clocks show twice are two: each ends where the offset changes.
QuotaWindow windowOfClock(const cctz::time_zone& rules, Moment moment, seconds length) {
    const auto offsetAt = [&rules](Moment at) { return rules.lookup(at).offset; };
    const int offset = offsetAt(moment);
    seconds since = (moment.time_since_epoch() + seconds(offset)) % length;
    if (since < seconds(0)) {
        since += length;
    }
    Moment begin = moment - since;
    Moment last = begin + length - seconds(1);
    if (offsetAt(last) != offset) {
        last = changeBetween(rules, moment, last) - seconds(1);
    }
    if (offsetAt(begin) != offset) {
        begin = changeBetween(rules, begin, moment);
    }
    return windowBetween(begin, last + seconds(1));
}

}  // namespace

std::string_view nameOf(QuotaPeriod period) {
    return kPeriods[static_cast<std::size_t>(period)].second;
}

std::optional<QuotaPeriod> quotaPeriodNamed(std::string_view name) {
    for (const auto& [period, known] : kPeriods) {
        if (known == name) {
            return period;
        }
    }
    return std::nullopt;
}

QuotaCalendar::QuotaCalendar(std::string name, std::shared_ptr<const Zone> zone)
    : name_(std::move(name)), zone_(std::move(zone)) {}

std::optional<QuotaCalendar> QuotaCalendar::create(const std::string& timeZone) {
    Zone zone;
    if (!isZoneName(timeZone) || !cctz::load_time_zone(timeZone, &zone.rules)) {
        return std::nullopt;
    }
    return QuotaCalendar(timeZone, std::make_shared<const Zone>(zone));
}

QuotaWindow QuotaCalendar::windowOf(QuotaPeriod period, std::int64_t wall) const {
    const std::int64_t bounded =
        std::clamp<std::int64_t>(wall, -text::kLastTimestamp, text::kLastTimestamp);
    const Moment moment(std::chrono::floor<seconds>(std::chrono::milliseconds(bounded)));
    switch (period) {
        case QuotaPeriod::Minute:
            return windowOfClock(zone_->rules, moment, std::chrono::minutes(1));
        case QuotaPeriod::Hour:
            return windowOfClock(zone_->rules, moment, std::chrono::hours(1));
        case QuotaPeriod::Day:
            return windowOfDates<cctz::civil_day>(zone_->rules, moment);
        case QuotaPeriod::Month:
            return windowOfDates<cctz::civil_month>(zone_->rules, moment);
    }
    return {};
}

}  // namespace edgerun::store
