#include "edgerun/auth/identity.h"

#include <gtest/gtest.h>

namespace edgerun::auth {
namespace {

Identity identityWith(std::vector<std::string> roles, std::vector<std::string> modules) {
    return {"u", std::move(roles), std::move(modules), {}};
}

TEST(Identity, HasARoleOnlyAsAWholeElementOfTheSameBytes) {
    const Identity identity = identityWith({"administrator", "user,admin", "Editor"}, {});
    for (const char* role :
         {"admin", "user", "administrato", "administrators", "editor", "", "r"}) {
        EXPECT_FALSE(hasAnyRole(identity, {role})) << role;
    }
    for (const char* role : {"administrator", "user,admin", "Editor"}) {
        EXPECT_TRUE(hasAnyRole(identity, {role})) << role;
    }
}

TEST(Identity, NeedsOneOfTheRoles) {
    const Identity identity = identityWith({"a", "b"}, {});
    EXPECT_TRUE(hasAnyRole(identity, {"x", "b"}));
    EXPECT_FALSE(hasAnyRole(identity, {"x", "y"}));
    EXPECT_FALSE(hasAnyRole(identity, {}));
    EXPECT_FALSE(hasAnyRole(identityWith({}, {"x"}), {"x"}));
}

TEST(Identity, NeedsEveryModuleAndNamesTheFirstThatIsMissing) {
    const Identity identity = identityWith({"d"}, {"a", "b", "c"});
    EXPECT_EQ(firstMissingModule(identity, {}), "");
    EXPECT_EQ(firstMissingModule(identity, {"c", "a"}), "");
    EXPECT_EQ(firstMissingModule(identity, {"a", "x", "y"}), "x");
    EXPECT_EQ(firstMissingModule(identity, {"a", "d"}), "d");
    EXPECT_EQ(firstMissingModule(identity, {"A"}), "A");
    EXPECT_EQ(firstMissingModule(identityWith({}, {}), {"a"}), "a");
}

TEST(Identity, ShowsListsJoinedByCommas) {
    EXPECT_EQ(joinList({}), "");
    EXPECT_EQ(joinList({"a"}), "a");
    EXPECT_EQ(joinList({"a", "b", "a"}), "a,b,a");
}

TEST(OwnerKey, IsTheFirstHalfOfSha256OverTheUser) {
    // FIPS 180-2, appendix B.1: "abc".
    const OwnerKey abc = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                          0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23};
    EXPECT_EQ(ownerKeyOf("abc"), abc);
    EXPECT_NE(ownerKeyOf("abd"), abc);
    EXPECT_NE(ownerKeyOf(""), OwnerKey{});
}

}  // namespace
}  // namespace edgerun::auth
