#include "edgerun/auth/token_cache.h"

#include <gtest/gtest.h>

#include <random>

namespace edgerun::auth {
namespace {

std::shared_ptr<const Caller> claimsOf(const std::string& user, double expires = 1000,
                                       double notBefore = 0) {
    auto claims = std::make_shared<Caller>();
    claims->identity.user = user;
    claims->validity = {expires, notBefore};
    return claims;
}

TEST(TokenCache, FindsTheClaimsOfTheSameTokenAndVerifier) {
    TokenCache cache(4);
    EXPECT_EQ(cache.find(1, "token", 0), nullptr);
    const auto claims = claimsOf("anna");
    cache.insert(1, "token", claims);
    EXPECT_EQ(cache.find(1, "token", 0), claims);
    EXPECT_EQ(cache.find(2, "token", 0), nullptr);
    EXPECT_EQ(cache.find(1ULL << 32 | 1, "token", 0), nullptr);
    EXPECT_EQ(cache.find(1, "toke", 0), nullptr);
    EXPECT_EQ(cache.find(1, "tokem", 0), nullptr);
    EXPECT_EQ(cache.find(1, "token ", 0), nullptr);
    EXPECT_EQ(cache.find(1, std::string_view("token\0", 6), 0), nullptr);
    EXPECT_EQ(cache.find(1, "", 0), nullptr);
}

TEST(TokenCache, NeverMixesUpTokensThatDifferAnywhere) {
    TokenCache cache(2000);
    const std::string base(500, 'x');
    for (std::size_t at = 0; at < base.size(); ++at) {
        std::string token = base;
        token[at] = 'y';
        cache.insert(1, token, claimsOf(std::to_string(at)));
        cache.insert(2, token, claimsOf("second"));
    }
    for (std::size_t at = 0; at < base.size(); ++at) {
        std::string token = base;
        token[at] = 'y';
        ASSERT_EQ(cache.find(1, token, 0)->identity.user, std::to_string(at));
    }
    EXPECT_EQ(cache.find(1, base, 0), nullptr);
}

TEST(TokenCache, ComparesTokensWhoseHashesAreEqual) {
    // Among 200,000 times 200,000 pairs about nine hashes of 32 bits are equal.
    constexpr int kCount = 200'000;
    TokenCache cache(kCount);
    const auto claims = claimsOf("anna");
    std::mt19937_64 random(1);
    const auto randomToken = [&random] {
        const std::uint64_t words[] = {random(), random()};
        return std::string(reinterpret_cast<const char*>(words), sizeof words);
    };
    for (int i = 0; i < kCount; ++i) {
        cache.insert(1, randomToken(), claims);
    }
    random.seed(1);  // the same tokens again, and then others
    for (int i = 0; i < kCount; ++i) {
        ASSERT_NE(cache.find(1, randomToken(), 0), nullptr);
    }
    for (int i = 0; i < kCount; ++i) {
        ASSERT_EQ(cache.find(1, randomToken(), 0), nullptr);
    }
}

TEST(TokenCache, ForgetsAnEntryThatIsNotValidAnyMore) {
    TokenCache cache(4);
    cache.insert(1, "token", claimsOf("anna", 200, 100));
    EXPECT_NE(cache.find(1, "token", 199), nullptr);
    EXPECT_EQ(cache.find(1, "token", 200), nullptr);
    EXPECT_EQ(cache.find(1, "token", 150), nullptr);
    cache.insert(1, "token", claimsOf("anna", 200, 100));
    EXPECT_EQ(cache.find(1, "token", 99), nullptr);
}

TEST(TokenCache, DropsTheLongestUnusedWhenItIsFull) {
    TokenCache cache(3);
    for (const char* token : {"a", "b", "c"}) {
        cache.insert(1, token, claimsOf(token));
    }
    EXPECT_NE(cache.find(1, "a", 0), nullptr);
    cache.insert(1, "d", claimsOf("d"));
    EXPECT_EQ(cache.find(1, "b", 0), nullptr);
    for (const char* token : {"a", "c", "d"}) {
        EXPECT_NE(cache.find(1, token, 0), nullptr) << token;
    }
    cache.insert(1, "a", claimsOf("a"));
    cache.insert(1, "e", claimsOf("e"));
    EXPECT_EQ(cache.find(1, "c", 0), nullptr);
    EXPECT_NE(cache.find(1, "a", 0), nullptr);
}

TEST(TokenCache, ReplacesTheClaimsOfATokenThatItHas) {
    TokenCache cache(2);
    cache.insert(1, "token", claimsOf("old"));
    cache.insert(1, "token", claimsOf("new"));
    EXPECT_EQ(cache.find(1, "token", 0)->identity.user, "new");
}

TEST(TokenCache, LeavesClaimsThatSomebodyStillHolds) {
    TokenCache cache(1);
    cache.insert(1, "a", claimsOf("anna"));
    const auto held = cache.find(1, "a", 0);
    cache.insert(1, "b", claimsOf("bert"));
    EXPECT_EQ(held->identity.user, "anna");
}

TEST(TokenCache, DoesNotKeepLongTokensOrNothing) {
    TokenCache cache(4);
    const std::string longest(kMaxCachedTokenBytes, 't');
    cache.insert(1, longest, claimsOf("anna"));
    EXPECT_NE(cache.find(1, longest, 0), nullptr);
    cache.insert(1, longest + "t", claimsOf("anna"));
    EXPECT_EQ(cache.find(1, longest + "t", 0), nullptr);
    cache.insert(1, "token", nullptr);
    EXPECT_EQ(cache.find(1, "token", 0), nullptr);
}

TEST(TokenCache, WithRoomForNothingKeepsNothing) {
    TokenCache cache(0);
    cache.insert(1, "token", claimsOf("anna"));
    EXPECT_EQ(cache.find(1, "token", 0), nullptr);
}

}  // namespace
}  // namespace edgerun::auth
