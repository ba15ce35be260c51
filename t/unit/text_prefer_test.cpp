#include <gtest/gtest.h>

#include "edgerun/text/prefer.h"

namespace edgerun::text {
namespace {

using Headers = std::vector<std::string_view>;

std::optional<std::uint64_t> waitOf(const Headers& headers) {
    return readPreferences(headers).wait;
}

bool isAsync(const Headers& headers) {
    return readPreferences(headers).respondAsync;
}

TEST(Prefer, WithoutHeadersNothingIsPreferred) {
    EXPECT_EQ(waitOf({}), std::nullopt);
    EXPECT_FALSE(isAsync({}));
    EXPECT_EQ(waitOf({"", " ", ","}), std::nullopt);
}

TEST(Prefer, AWaitIsANumberOfSeconds) {
    EXPECT_EQ(waitOf({"wait=10"}), 10u);
    EXPECT_EQ(waitOf({"wait=0"}), 0u);
    EXPECT_EQ(waitOf({"wait=007"}), 7u);
}

TEST(Prefer, NamesHaveNoCase) {
    EXPECT_EQ(waitOf({"WAIT=3"}), 3u);
    EXPECT_TRUE(isAsync({"Respond-Async"}));
}

TEST(Prefer, ValuesMayBeQuoted) {
    EXPECT_EQ(waitOf({"wait=\"10\""}), 10u);
    EXPECT_EQ(waitOf({"wait=\"1\\0\""}), 10u);
    EXPECT_TRUE(isAsync({"respond-async=\"\""}));
}

TEST(Prefer, BlanksMayStandAroundEverything) {
    EXPECT_EQ(waitOf({" \twait = \"10\"\t , respond-async "}), 10u);
    EXPECT_TRUE(isAsync({" \twait = \"10\"\t , respond-async "}));
    EXPECT_EQ(waitOf({"a ; b = c ; , wait=4 ;"}), 4u);
}

TEST(Prefer, SeveralPreferencesAndHeadersAreOneList) {
    const Headers headers = {"return=minimal, respond-async", "handling=lenient", ",, wait=5"};
    EXPECT_EQ(waitOf(headers), 5u);
    EXPECT_TRUE(isAsync(headers));
}

TEST(Prefer, TheFirstOfAKindCounts) {
    EXPECT_EQ(waitOf({"wait=1, wait=2", "wait=3"}), 1u);
    EXPECT_EQ(waitOf({"wait=soon, wait=2"}), std::nullopt);
    EXPECT_FALSE(isAsync({"respond-async=no, respond-async"}));
}

TEST(Prefer, ParametersAreNoPreferences) {
    EXPECT_EQ(waitOf({"foo; wait=10"}), std::nullopt);
    EXPECT_EQ(waitOf({"wait=10; foo=bar; respond-async"}), 10u);
    EXPECT_FALSE(isAsync({"wait=10; foo=bar; respond-async"}));
}

TEST(Prefer, AQuotedStringHidesCommasAndSemicolons) {
    EXPECT_EQ(waitOf({"foo=\"a, wait=1\", wait=2"}), 2u);
    EXPECT_EQ(waitOf({"foo=\"\\\", wait=1\"; x, wait=2"}), 2u);
    EXPECT_EQ(waitOf({"foo=\"a; b\", wait=2"}), 2u);
}

TEST(Prefer, MalformedOnesArePassedOver) {
    for (const char* bad : {"wait", "wait=", "wait=\"\"", "wait=-1", "wait=1.5", "wait=1s",
                            "wait=1 2", "wait==1", "wait=\"1", "wait=\"1\"2", "wait=\"1\\", "=1",
                            "wa it=1", "wait:1", "wait=1; =", "wait=1; a b", "(wait=1)"}) {
        EXPECT_EQ(waitOf({bad}), std::nullopt) << bad;
        EXPECT_TRUE(isAsync({bad, "respond-async"})) << bad;
    }
    EXPECT_FALSE(isAsync({"respond-async=yes"}));
    EXPECT_EQ(waitOf({"foo bar, wait=3"}), 3u);
}

TEST(Prefer, MoreSecondsThanCanBeCountedAreAsManyAsCan) {
    const auto most = waitOf({"wait=4294967295"});
    EXPECT_EQ(waitOf({"wait=4294967296"}), most);
    EXPECT_EQ(waitOf({"wait=99999999999999999999999999999999999999"}), most);
}

}  // namespace
}  // namespace edgerun::text
