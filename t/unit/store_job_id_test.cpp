#include "edgerun/store/job_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "store_arena_fixture.h"

namespace edgerun::store {

namespace {

constexpr std::int64_t kTime = 0x0123'4567'89ab;

TEST(JobIdTest, TellsItsTime) {
    EXPECT_EQ(timeOf(*makeJobId(kTime, 3, ownerNumber(1), testSecret())), kTime);
    EXPECT_EQ(timeOf(*makeJobId(0xffffffffffff, 255, ownerNumber(1), testSecret())),
              0xffffffffffff);
}

TEST(JobIdTest, IsGenuineForItsOwner) {
    const auto id = makeJobId(kTime, 3, ownerNumber(1), testSecret());
    ASSERT_TRUE(id);
    EXPECT_TRUE(isGenuine(*id, ownerNumber(1), testSecret()));
}

TEST(JobIdTest, LooksInventedToAnotherUserScopeOrZone) {
    const auto id = makeJobId(kTime, 3, ownerNumber(1), testSecret());
    JobOwner otherScope = ownerNumber(1);
    otherScope.scope = 2;
    JobIdSecret otherSecret = testSecret();
    otherSecret[31] ^= 1;
    EXPECT_FALSE(isGenuine(*id, ownerNumber(2), testSecret()));
    EXPECT_FALSE(isGenuine(*id, otherScope, testSecret()));
    EXPECT_FALSE(isGenuine(*id, ownerNumber(1), otherSecret));
}

TEST(JobIdTest, NoBitCanBeChanged) {
    const auto id = makeJobId(kTime, 3, ownerNumber(1), testSecret());
    for (std::size_t bit = 0; bit < 8 * kJobIdBytes; ++bit) {
        JobId changed = *id;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
        EXPECT_FALSE(isGenuine(changed, ownerNumber(1), testSecret())) << "bit " << bit;
    }
}

TEST(JobIdTest, BeginsWithTimeAndNode) {
    const auto id = makeJobId(kTime, 0xcd, ownerNumber(1), testSecret());
    const std::uint8_t expected[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd};
    EXPECT_TRUE(std::equal(std::begin(expected), std::end(expected), id->begin()));
}

TEST(JobIdTest, NeverRepeats) {
    std::set<JobId> seen;
    for (int round = 0; round < 1000; ++round) {
        EXPECT_TRUE(seen.insert(*makeJobId(kTime, 3, ownerNumber(1), testSecret())).second);
    }
}

TEST(JobIdTest, SurvivesItsTextForm) {
    const auto id = makeJobId(kTime, 3, ownerNumber(1), testSecret());
    const std::string text = formatJobId(*id);
    EXPECT_EQ(text.size(), kJobIdCharacters);
    EXPECT_EQ(parseJobId(text), id);
}

TEST(JobIdTest, HasOneTextFormOnly) {
    const std::string text = formatJobId(JobId{});
    for (const std::string& bad : {std::string(), text.substr(1), text + "A", text + "=",
                                   "+" + text.substr(1), "/" + text.substr(1), " " + text.substr(1),
                                   text.substr(0, 27) + "=", std::string(28, '\0')}) {
        EXPECT_FALSE(parseJobId(bad)) << bad;
    }
}

}  // namespace

}  // namespace edgerun::store
