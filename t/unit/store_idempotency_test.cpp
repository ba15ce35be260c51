#include <gtest/gtest.h>

#include "edgerun/store/idempotency.h"

namespace edgerun::store {
namespace {

using Key = std::optional<std::string>;

TEST(Idempotency, AKeyMayStandBareOrInQuotes) {
    EXPECT_EQ(parseIdempotencyKey("8e03978e-40d5-43dd-bc93-6894a57f9324"),
              Key("8e03978e-40d5-43dd-bc93-6894a57f9324"));
    EXPECT_EQ(parseIdempotencyKey("\"8e03978e\""), Key("8e03978e"));
    EXPECT_EQ(parseIdempotencyKey(" \tA:/+=~!() "), Key("A:/+=~!()"));
}

TEST(Idempotency, QuotesTakeSpacesAndEscapes) {
    EXPECT_EQ(parseIdempotencyKey("\"one two\""), Key("one two"));
    EXPECT_EQ(parseIdempotencyKey(R"("a\"b\\c")"), Key("a\"b\\c"));
    EXPECT_EQ(parseIdempotencyKey("\"a,b;c\""), Key("a,b;c"));
}

TEST(Idempotency, AKeyHasOneTo255Characters) {
    EXPECT_EQ(parseIdempotencyKey(""), std::nullopt);
    EXPECT_EQ(parseIdempotencyKey("  "), std::nullopt);
    EXPECT_EQ(parseIdempotencyKey("\"\""), std::nullopt);
    const std::string longest(255, 'x');
    EXPECT_EQ(parseIdempotencyKey(longest), Key(longest));
    EXPECT_EQ(parseIdempotencyKey('"' + longest + '"'), Key(longest));
    EXPECT_EQ(parseIdempotencyKey(longest + 'x'), std::nullopt);
    EXPECT_EQ(parseIdempotencyKey('"' + longest + "x\""), std::nullopt);
}

TEST(Idempotency, WhatIsNoKeyIsRefused) {
    for (const char* bad : {"a b", "a,b", "a;b=1", "a\"b", "a\\b", "\"a", "\"a\"b", "\"a\";b=1",
                            "\"a\", \"b\"", "\"a\\n\"", "\"a\\", "\"", "a\x01", "\"a\tb\"",
                            "sch\xc3\xb6n", "\"sch\xc3\xb6n\"", "\"a\x7f\""}) {
        EXPECT_EQ(parseIdempotencyKey(bad), std::nullopt) << bad;
    }
}

JobOwner ownerOf(std::uint8_t user, std::uint64_t scope) {
    JobOwner owner;
    owner.user[0] = user;
    owner.scope = scope;
    return owner;
}

TEST(Idempotency, DigestsTellKeysUsersAndLocationsApart) {
    const auto key = idempotencyKeyOf(ownerOf(1, 7), "k", {"body"});
    ASSERT_TRUE(key);
    EXPECT_TRUE(key->isSet());
    EXPECT_EQ(idempotencyKeyOf(ownerOf(1, 7), "k", {"body"})->digest, key->digest);
    EXPECT_NE(idempotencyKeyOf(ownerOf(1, 7), "l", {"body"})->digest, key->digest);
    EXPECT_NE(idempotencyKeyOf(ownerOf(2, 7), "k", {"body"})->digest, key->digest);
    EXPECT_NE(idempotencyKeyOf(ownerOf(1, 8), "k", {"body"})->digest, key->digest);
}

TEST(Idempotency, FingerprintsTellBodiesApartNotKeysUsersAndLocations) {
    const auto key = idempotencyKeyOf(ownerOf(1, 7), "k", {"body"});
    EXPECT_EQ(idempotencyKeyOf(ownerOf(2, 8), "l", {"body"})->fingerprint, key->fingerprint);
    const auto other = idempotencyKeyOf(ownerOf(1, 7), "k", {"body "});
    EXPECT_NE(other->fingerprint, key->fingerprint);
    EXPECT_EQ(other->digest, key->digest);
}

TEST(Idempotency, FingerprintsTellChosenAssistantsApart) {
    const auto fingerprint = [](const KeyedRequest& request) {
        return idempotencyKeyOf(ownerOf(1, 7), "k", request)->fingerprint;
    };
    EXPECT_EQ(fingerprint({"body", "one"}), fingerprint({"body", "one"}));
    EXPECT_NE(fingerprint({"body", "one"}), fingerprint({"body", "two"}));
    EXPECT_NE(fingerprint({"body", "one"}), fingerprint({"body"}));
    EXPECT_NE(fingerprint({"body", "one"}), fingerprint({"body ", "one"}));
    EXPECT_NE(fingerprint({"yone", "bod"}), fingerprint({"one", "body"}));
}

}  // namespace
}  // namespace edgerun::store
