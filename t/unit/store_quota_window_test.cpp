#include "edgerun/store/quota_window.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "edgerun/text/timestamp.h"

namespace edgerun::store {

namespace {

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

std::int64_t at(const std::string& time) {
    const auto moment = text::parseTimestamp(time);
    EXPECT_TRUE(moment) << time;
    return moment.value_or(0);
}

/// "BEGIN END", both with the offsets that the zone does not know: in UTC.
std::string windowOf(const std::string& zone, QuotaPeriod period, const std::string& wall) {
    const auto calendar = QuotaCalendar::create(zone);
    if (!calendar) {
        return "no zone " + zone;
    }
    const QuotaWindow window = calendar->windowOf(period, at(wall));
    const auto told = [](std::int64_t moment) {
        const std::string text = text::formatTimestamp(moment);
        EXPECT_EQ(text.substr(19), ".000Z");
        return text.substr(0, 19);
    };
    return told(window.begin) + " " + told(window.end);
}

struct Expected {
    const char* zone;
    QuotaPeriod period;
    const char* wall;
    const char* window;
};

class QuotaWindowTest : public testing::TestWithParam<Expected> {};

TEST_P(QuotaWindowTest, IsThatOfTheCalendar) {
    const Expected& expected = GetParam();
    EXPECT_EQ(windowOf(expected.zone, expected.period, expected.wall), expected.window)
        << expected.zone << " " << nameOf(expected.period) << " " << expected.wall;
}

constexpr auto M = QuotaPeriod::Minute;
constexpr auto H = QuotaPeriod::Hour;
constexpr auto D = QuotaPeriod::Day;
constexpr auto Month = QuotaPeriod::Month;

INSTANTIATE_TEST_SUITE_P(
    Utc, QuotaWindowTest,
    testing::Values(
        Expected{"UTC", M, "2026-11-21T05:27:59.999Z", "2026-11-21T05:27:00 2026-11-21T05:28:00"},
        Expected{"UTC", M, "2026-11-21T05:28:00Z", "2026-11-21T05:28:00 2026-11-21T05:29:00"},
        Expected{"UTC", H, "2026-11-21T05:59:59.999Z", "2026-11-21T05:00:00 2026-11-21T06:00:00"},
        Expected{"UTC", D, "2026-11-21T05:27:00Z", "2026-11-21T00:00:00 2026-11-22T00:00:00"},
        Expected{"UTC", Month, "2026-11-21T05:27:00Z", "2026-11-01T00:00:00 2026-12-01T00:00:00"},
        // Months of different lengths, leap years and none.
        Expected{"UTC", Month, "2026-01-31T23:59:59.999Z",
                 "2026-01-01T00:00:00 2026-02-01T00:00:00"},
        Expected{"UTC", Month, "2026-02-28T12:00:00Z", "2026-02-01T00:00:00 2026-03-01T00:00:00"},
        Expected{"UTC", Month, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00 2028-03-01T00:00:00"},
        Expected{"UTC", D, "2028-02-29T12:00:00Z", "2028-02-29T00:00:00 2028-03-01T00:00:00"},
        Expected{"UTC", D, "2100-02-28T12:00:00Z", "2100-02-28T00:00:00 2100-03-01T00:00:00"},
        Expected{"UTC", Month, "2026-12-31T23:59:59.999Z",
                 "2026-12-01T00:00:00 2027-01-01T00:00:00"},
        Expected{"UTC", D, "2026-12-31T23:59:59.999Z", "2026-12-31T00:00:00 2027-01-01T00:00:00"},
        Expected{"UTC", Month, "2027-01-01T00:00:00Z", "2027-01-01T00:00:00 2027-02-01T00:00:00"}));

INSTANTIATE_TEST_SUITE_P(ZonesFarAway, QuotaWindowTest,
                         testing::Values(
                             // UTC+14: the year begins before everybody else's.
                             Expected{"Pacific/Kiritimati", Month, "2026-12-31T09:59:59Z",
                                      "2026-11-30T10:00:00 2026-12-31T10:00:00"},
                             Expected{"Pacific/Kiritimati", D, "2026-12-31T10:00:00Z",
                                      "2026-12-31T10:00:00 2027-01-01T10:00:00"},
                             // UTC-12
                             Expected{"Etc/GMT+12", D, "2027-01-01T11:59:59Z",
                                      "2026-12-31T12:00:00 2027-01-01T12:00:00"},
                             Expected{"Etc/GMT+12", Month, "2027-01-01T12:00:00Z",
                                      "2027-01-01T12:00:00 2027-02-01T12:00:00"},
                             // Halves and quarters of hours.
                             Expected{"Asia/Kolkata", H, "2026-05-01T10:29:59Z",
                                      "2026-05-01T09:30:00 2026-05-01T10:30:00"},
                             Expected{"Asia/Kathmandu", H, "2026-05-01T10:15:00Z",
                                      "2026-05-01T10:15:00 2026-05-01T11:15:00"},
                             Expected{"Asia/Kathmandu", D, "2026-05-01T18:14:59Z",
                                      "2026-04-30T18:15:00 2026-05-01T18:15:00"},
                             // A day that one country left out, 30 December 2011.
                             Expected{"Pacific/Apia", D, "2011-12-30T09:59:59Z",
                                      "2011-12-29T10:00:00 2011-12-30T10:00:00"},
                             Expected{"Pacific/Apia", D, "2011-12-30T10:00:00Z",
                                      "2011-12-30T10:00:00 2011-12-31T10:00:00"},
                             Expected{"Pacific/Apia", Month, "2011-12-30T10:00:00Z",
                                      "2011-12-01T10:00:00 2011-12-31T10:00:00"}));

INSTANTIATE_TEST_SUITE_P(
    ClocksThatChange, QuotaWindowTest,
    testing::Values(Expected{"Europe/Berlin", D, "2026-03-29T12:00:00Z",
                             "2026-03-28T23:00:00 2026-03-29T22:00:00"},
                    Expected{"Europe/Berlin", D, "2026-10-25T12:00:00Z",
                             "2026-10-24T22:00:00 2026-10-25T23:00:00"},
                    Expected{"Europe/Berlin", Month, "2026-03-29T12:00:00Z",
                             "2026-02-28T23:00:00 2026-03-31T22:00:00"},
                    // No hour from 2 to 3, and two from 2 to 3.
                    Expected{"Europe/Berlin", H, "2026-03-29T00:59:59Z",
                             "2026-03-29T00:00:00 2026-03-29T01:00:00"},
                    Expected{"Europe/Berlin", H, "2026-03-29T01:00:00Z",
                             "2026-03-29T01:00:00 2026-03-29T02:00:00"},
                    Expected{"Europe/Berlin", H, "2026-10-25T00:30:00Z",
                             "2026-10-25T00:00:00 2026-10-25T01:00:00"},
                    Expected{"Europe/Berlin", H, "2026-10-25T01:30:00Z",
                             "2026-10-25T01:00:00 2026-10-25T02:00:00"},
                    Expected{"Europe/Berlin", M, "2026-10-25T01:30:30Z",
                             "2026-10-25T01:30:00 2026-10-25T01:31:00"},
                    // By half an hour: 2:00 becomes 1:30 again, or 2:30.
                    Expected{"Australia/Lord_Howe", H, "2026-04-04T14:59:59Z",
                             "2026-04-04T14:00:00 2026-04-04T15:00:00"},
                    Expected{"Australia/Lord_Howe", H, "2026-04-04T15:00:00Z",
                             "2026-04-04T15:00:00 2026-04-04T15:30:00"},
                    Expected{"Australia/Lord_Howe", H, "2026-10-03T15:30:00Z",
                             "2026-10-03T15:30:00 2026-10-03T16:00:00"},
                    Expected{"Australia/Lord_Howe", H, "2026-10-03T15:29:59Z",
                             "2026-10-03T14:30:00 2026-10-03T15:30:00"},
                    // Midnight that does not exist: the day begins at 1.
                    Expected{"America/Sao_Paulo", D, "2018-11-04T12:00:00Z",
                             "2018-11-04T03:00:00 2018-11-05T02:00:00"},
                    Expected{"America/Sao_Paulo", D, "2018-11-04T02:59:59Z",
                             "2018-11-03T03:00:00 2018-11-04T03:00:00"},
                    Expected{"America/Sao_Paulo", H, "2018-11-04T03:00:00Z",
                             "2018-11-04T03:00:00 2018-11-04T04:00:00"},
                    Expected{"Asia/Beirut", D, "2026-03-29T12:00:00Z",
                             "2026-03-28T22:00:00 2026-03-29T21:00:00"},
                    Expected{"Asia/Beirut", D, "2026-03-28T21:59:59Z",
                             "2026-03-27T22:00:00 2026-03-28T22:00:00"},
                    // The hour before midnight comes twice, midnight once.
                    Expected{"Asia/Beirut", D, "2026-10-24T20:59:59Z",
                             "2026-10-23T21:00:00 2026-10-24T22:00:00"},
                    Expected{"Asia/Beirut", D, "2026-10-24T21:30:00Z",
                             "2026-10-23T21:00:00 2026-10-24T22:00:00"},
                    // Midnight comes twice: the day begins with the first.
                    Expected{"America/Havana", D, "2026-11-01T04:30:00Z",
                             "2026-11-01T04:00:00 2026-11-02T05:00:00"},
                    Expected{"America/Havana", D, "2026-11-01T05:30:00Z",
                             "2026-11-01T04:00:00 2026-11-02T05:00:00"},
                    Expected{"America/Havana", Month, "2026-11-01T05:30:00Z",
                             "2026-11-01T04:00:00 2026-12-01T05:00:00"},
                    Expected{"America/Havana", Month, "2026-11-01T03:59:59Z",
                             "2026-10-01T04:00:00 2026-11-01T04:00:00"},
                    // A minute after midnight it is 23:01 again: the new day goes on.
                    Expected{"America/St_Johns", D, "2006-10-29T02:29:59Z",
                             "2006-10-28T02:30:00 2006-10-29T02:30:00"},
                    Expected{"America/St_Johns", D, "2006-10-29T02:30:00Z",
                             "2006-10-29T02:30:00 2006-10-30T03:30:00"},
                    Expected{"America/St_Johns", D, "2006-10-29T03:00:00Z",
                             "2006-10-29T02:30:00 2006-10-30T03:30:00"}));

/// Windows without a gap and without an overlap: each moment of one says the same.
void expectTiles(const std::string& zone, QuotaPeriod period, std::int64_t from, std::int64_t to,
                 std::int64_t longest) {
    const auto calendar = QuotaCalendar::create(zone);
    ASSERT_TRUE(calendar) << zone;
    std::int64_t end = calendar->windowOf(period, from).begin;
    while (end < to) {
        const QuotaWindow window = calendar->windowOf(period, end);
        ASSERT_EQ(window.begin, end) << zone << " " << nameOf(period);
        ASSERT_GT(window.end, window.begin) << zone << " " << nameOf(period);
        ASSERT_LE(window.end - window.begin, longest) << zone << " " << end;
        for (const std::int64_t wall :
             {window.begin + (window.end - window.begin) / 3,
              window.begin + (window.end - window.begin) / 3 * 2, window.end - 1}) {
            const QuotaWindow same = calendar->windowOf(period, wall);
            ASSERT_EQ(same.begin, window.begin) << zone << " " << nameOf(period) << " " << wall;
            ASSERT_EQ(same.end, window.end) << zone << " " << nameOf(period) << " " << wall;
        }
        end = window.end;
    }
}

class QuotaWindowTilesTest : public testing::TestWithParam<const char*> {};

TEST_P(QuotaWindowTilesTest, TimeWithoutGapsAndOverlaps) {
    const std::string zone = GetParam();
    const std::int64_t from = at("1970-01-01T00:00:00Z");
    const std::int64_t to = at("2060-01-01T00:00:00Z");
    expectTiles(zone, QuotaPeriod::Month, from, to, 31 * kDay + kDay);
    expectTiles(zone, QuotaPeriod::Day, from, to, 2 * kDay);
    expectTiles(zone, QuotaPeriod::Hour, at("2017-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"),
                kHour);
    // Clocks change in these weeks.
    expectTiles(zone, QuotaPeriod::Minute, at("2026-03-27T00:00:00Z"), at("2026-04-06T00:00:00Z"),
                kMinute);
    expectTiles(zone, QuotaPeriod::Minute, at("2026-10-24T00:00:00Z"), at("2026-11-02T00:00:00Z"),
                kMinute);
}

INSTANTIATE_TEST_SUITE_P(Zones, QuotaWindowTilesTest,
                         testing::Values("UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Beirut",
                                         "America/Havana", "Australia/Lord_Howe",
                                         "America/St_Johns", "Pacific/Apia", "Pacific/Kiritimati",
                                         "Etc/GMT+12", "Africa/Casablanca", "Asia/Kathmandu",
                                         "Antarctica/Troll", "America/New_York"));

TEST(QuotaCalendarTest, KnowsTheNamesOfTheDatabase) {
    for (const char* name : {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+12",
                             "Etc/GMT-14", "America/Port-au-Prince", "EST5EDT", "Zulu"}) {
        const auto calendar = QuotaCalendar::create(name);
        ASSERT_TRUE(calendar) << name;
        EXPECT_EQ(calendar->timeZone(), name);
    }
}

TEST(QuotaCalendarTest, RefusesWhatIsNoName) {
    for (const char* name : {"",
                             " ",
                             "/",
                             "utc0",
                             "Mars/Olympus",
                             "Europe",
                             "Europe/",
                             "Europe//Berlin",
                             "/Europe/Berlin",
                             "/usr/share/zoneinfo/Europe/Berlin",
                             "../zoneinfo/Europe/Berlin",
                             "Europe/../Europe/Berlin",
                             "Europe/Berlin ",
                             " Europe/Berlin",
                             "Europe/Berl\xc3\xadn",
                             "file:/usr/share/zoneinfo/Europe/Berlin",
                             "libc:localtime",
                             "libc:UTC",
                             "Fixed/UTC+01:00:00",
                             "localtime",
                             "posixrules",
                             "posix/Europe/Berlin",
                             "right/Europe/Berlin",
                             "zone.tab",
                             "tzdata.zi",
                             "leapseconds",
                             ":Europe/Berlin"}) {
        EXPECT_FALSE(QuotaCalendar::create(name)) << name;
    }
    EXPECT_FALSE(QuotaCalendar::create(std::string("UTC\0", 4)));
    EXPECT_FALSE(QuotaCalendar::create(std::string(65, 'A')));
}

TEST(QuotaCalendarTest, CutsTimesThatNoCalendarHas) {
    const auto calendar = QuotaCalendar::create("Europe/Berlin");
    for (const std::int64_t wall : {INT64_MIN, INT64_MAX}) {
        const QuotaWindow window = calendar->windowOf(QuotaPeriod::Month, wall);
        EXPECT_LT(window.begin, window.end);
    }
    const QuotaWindow before = calendar->windowOf(QuotaPeriod::Minute, -1);
    EXPECT_EQ(before.begin, -kMinute);
    EXPECT_EQ(before.end, 0);
}

TEST(QuotaCalendarTest, IsSharedByThreads) {
    const auto calendar = QuotaCalendar::create("America/New_York");
    constexpr int kThreads = 3;
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (int number = 0; number < kThreads; number++) {
        threads.emplace_back([&calendar, number] {
            for (std::int64_t day = number; day < 20'000; day += 7) {
                const QuotaWindow window = calendar->windowOf(QuotaPeriod::Day, day * kDay);
                EXPECT_LE(window.begin, day * kDay);
                EXPECT_GT(window.end, day * kDay);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

TEST(QuotaPeriodTest, HasANameThatFindsIt) {
    for (const auto period : {M, H, D, Month}) {
        EXPECT_EQ(quotaPeriodNamed(nameOf(period)), period);
    }
    EXPECT_EQ(nameOf(QuotaPeriod::Month), "month");
    for (const char* name : {"", "months", "Day", "week", "year"}) {
        EXPECT_FALSE(quotaPeriodNamed(name)) << name;
    }
}

}  // namespace

}  // namespace edgerun::store
