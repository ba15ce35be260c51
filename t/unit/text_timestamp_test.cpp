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

}  // namespace
}  // namespace edgerun::text
