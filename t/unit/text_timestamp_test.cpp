#include <gtest/gtest.h>

#include "edgerun/text/timestamp.h"

namespace edgerun::text {
namespace {

TEST(Timestamp, IsRfc3339InUtcWithMilliseconds) {
    EXPECT_EQ(formatTimestamp(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(formatTimestamp(1'000'000'000'007), "2001-09-09T01:46:40.007Z");
    EXPECT_EQ(formatTimestamp(951'827'696'789), "2000-02-29T12:34:56.789Z");
    EXPECT_EQ(formatTimestamp(4'107'542'399'999), "2100-02-28T23:59:59.999Z");
    EXPECT_EQ(formatTimestamp(4'107'542'400'000), "2100-03-01T00:00:00.000Z");
}

TEST(Timestamp, IsClampedToTheYears1970To9999) {
    EXPECT_EQ(formatTimestamp(-1), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(formatTimestamp(INT64_MIN), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(formatTimestamp(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
    EXPECT_EQ(formatTimestamp(INT64_MAX), "9999-12-31T23:59:59.999Z");
}

TEST(Timestamp, IsReadBackFromItsText) {
    for (const std::int64_t time :
         {0LL, 1'000'000'000'007LL, 951'827'696'789LL, 951'782'400'000LL, 4'107'542'400'000LL,
          253'402'300'799'999LL, 1'709'164'800'000LL}) {
        EXPECT_EQ(parseTimestamp(formatTimestamp(time)), time);
    }
}

TEST(Timestamp, IsReadWithOrWithoutFractionAndWithAnyOffset) {
    const std::pair<const char*, std::int64_t> good[] = {
        {"2027-01-01T00:00:00Z", 1'798'761'600'000},
        {"2027-01-01t00:00:00z", 1'798'761'600'000},
        {"2027-01-01T01:00:00+01:00", 1'798'761'600'000},
        {"2026-12-31T18:30:00-05:30", 1'798'761'600'000},
        {"2027-01-01T23:59:00+23:59", 1'798'761'600'000},
        {"2027-01-01T00:00:00+00:00", 1'798'761'600'000},
        {"2027-01-01T00:00:00-00:00", 1'798'761'600'000},
        {"2027-01-01T00:00:00.5Z", 1'798'761'600'500},
        {"2027-01-01T00:00:00.05Z", 1'798'761'600'050},
        {"2027-01-01T00:00:00.123999999999999999999Z", 1'798'761'600'123},
        {"1969-12-31T23:59:59.250Z", -750},
        {"1970-01-01T00:00:00+00:01", -60'000},
        {"0000-01-01T00:00:00Z", -62'167'219'200'000},
        {"9999-12-31T23:59:59Z", 253'402'300'799'000}};
    for (const auto& [text, time] : good) {
        EXPECT_EQ(parseTimestamp(text), time) << text;
    }
}

TEST(Timestamp, HasOnlyDaysThatTheMonthHas) {
    for (const char* day : {"2027-01-31", "2027-02-28", "2028-02-29", "2000-02-29", "2400-02-29",
                            "2027-04-30", "2027-06-30", "2027-09-30", "2027-11-30", "2027-12-31"}) {
        EXPECT_TRUE(parseTimestamp(day + std::string("T00:00:00Z"))) << day;
    }
    for (const char* day : {"2027-01-32", "2027-02-29", "2027-02-31", "2028-02-30", "2100-02-29",
                            "1900-02-29", "2027-04-31", "2027-06-31", "2027-09-31", "2027-11-31",
                            "2027-12-32", "2027-00-10", "2027-13-01", "2027-01-00"}) {
        EXPECT_FALSE(parseTimestamp(day + std::string("T00:00:00Z"))) << day;
    }
}

TEST(Timestamp, OfAnyOtherFormIsNotRead) {
    for (const char* text : {"",
                             "2027",
                             "2027-01-01",
                             "2027-01-01T00:00:00",
                             "2027-01-01T00:00Z",
                             "2027-01-01 00:00:00Z",
                             "20270101T000000Z",
                             "2027-1-1T0:0:0Z",
                             "27-01-01T00:00:00Z",
                             "2027-01-01T24:00:00Z",
                             "2027-01-01T00:60:00Z",
                             "2016-12-31T23:59:60Z",
                             "2027-01-01T00:00:61Z",
                             "2027-01-01T00:00:00+1:00",
                             "2027-01-01T00:00:00+0100",
                             "2027-01-01T00:00:00+24:00",
                             "2027-01-01T00:00:00+01:60",
                             "2027-01-01T00:00:00+01",
                             "2027-01-01T00:00:00.Z",
                             "2027-01-01T00:00:00,5Z",
                             "2027-01-01T00:00:00Z ",
                             " 2027-01-01T00:00:00Z",
                             "2027-01-01T00:00:00ZZ",
                             "2027-01-01T00:00:00Z+01:00",
                             "+2027-01-01T00:00:00Z",
                             "-2027-01-01T00:00:00Z",
                             "12027-01-01T00:00:00Z",
                             "2027-01-01T00:00:-1Z",
                             "2027/01/01T00:00:00Z",
                             "2027-W01-1T00:00:00Z",
                             "1798761600",
                             "never"}) {
        EXPECT_FALSE(parseTimestamp(text)) << text;
    }
    EXPECT_FALSE(parseTimestamp(std::string_view("2027-01-01T00:00:00Z\0", 21)));
}

}  // namespace
}  // namespace edgerun::text
