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

TEST(UserName, IsShortTextWithoutControlCharactersOrBlanksAroundIt) {
    for (const std::string name : {"u", "a b", "anna@example.com", "Zo\u00EB", "\u4E16\u754C",
                                   "\u00A0", "a,b", "CN=a,O=\"b\\c\"", "-", "0"}) {
        EXPECT_TRUE(isUserName(name)) << name;
    }
    EXPECT_TRUE(isUserName(std::string(256, 'u')));
    EXPECT_FALSE(isUserName(std::string(257, 'u')));
    const std::string bad[] = {"",
                               " ",
                               " u",
                               "u ",
                               "\t",
                               "a\tb",
                               "a\nb",
                               "a\r\nX: y",
                               "\x7F",
                               "a\x1F",
                               "\u0080",
                               "a\u009Fb",
                               std::string("a\0", 2)};
    for (const std::string& name : bad) {
        EXPECT_FALSE(isUserName(name)) << name;
    }
}

TEST(UserName, IsUtf8SinceItMayComeFromAHeader) {
    for (const char* name : {"Zo\xEB", "\x85", "\xC2", "\xC0\xAF", "\xED\xA0\x80", "\xFF"}) {
        EXPECT_FALSE(isUserName(name)) << name;
    }
}

std::vector<std::string> separated(std::string_view text) {
    std::vector<std::string> list{"before"};
    EXPECT_TRUE(addSeparated(list, text)) << text;
    EXPECT_EQ(list.front(), "before");
    return {list.begin() + 1, list.end()};
}

TEST(Entitlements, OfOneStringAreSeparatedByCommasOrElseByBlanks) {
    const std::pair<const char*, std::vector<std::string>> cases[] = {
        {"", {}},
        {" ", {}},
        {",", {}},
        {" , ,, ", {}},
        {"admin", {"admin"}},
        {" admin ", {"admin"}},
        {"user,admin", {"user", "admin"}},
        {"user admin", {"user", "admin"}},
        {"user  admin ", {"user", "admin"}},
        {"user, admin", {"user", "admin"}},
        {" user ,admin,", {"user", "admin"}},
        {"super user,admin", {"super user", "admin"}},
        {"super user,", {"super user"}},
        {"a;b|c", {"a;b|c"}}};
    for (const auto& [text, list] : cases) {
        EXPECT_EQ(separated(text), list) << text;
    }
}

TEST(Entitlements, ThatWereJoinedComeBackAsTheyWere) {
    const std::vector<std::vector<std::string>> cases = {
        {}, {"admin"}, {"not admin"}, {"user", "admin"}, {"not admin", "user"}};
    for (const auto& list : cases) {
        std::vector<std::string> back;
        EXPECT_TRUE(addCommaSeparated(back, joinList(list)));
        EXPECT_EQ(back, list);
    }
}

TEST(Entitlements, OfAListAreWholeElements) {
    std::vector<std::string> list;
    for (const char* element : {"admin", "super user", "", "user,admin", ",", " admin", "admin "}) {
        EXPECT_TRUE(addElement(list, element)) << element;
    }
    EXPECT_EQ(list, (std::vector<std::string>{"admin", "super user"}));
}

TEST(Entitlements, AreNamesThatStandAlone) {
    for (const std::string element : {"admin", "super user", "a;b", "Zo\u00EB"}) {
        EXPECT_TRUE(isElement(element)) << element;
    }
    for (const std::string element :
         {"", " ", "user,admin", ",", " admin", "admin ", "a\tb", "a\x85"}) {
        EXPECT_FALSE(isElement(element)) << element;
    }
    EXPECT_TRUE(isElement(std::string(256, 'r')));
    EXPECT_FALSE(isElement(std::string(257, 'r')));
}

TEST(Entitlements, HaveAtMost256BytesEachAndAre256AtMost) {
    std::vector<std::string> list;
    EXPECT_TRUE(addElement(list, std::string(256, 'r')));
    EXPECT_TRUE(addSeparated(list, std::string(256, 'r') + "," + std::string(256, 's')));
    EXPECT_FALSE(addElement(list, std::string(257, 'r')));
    EXPECT_FALSE(addElement(list, std::string(257, ',')));
    EXPECT_FALSE(addSeparated(list, "a," + std::string(257, 'r')));

    list.assign(255, "r");
    EXPECT_TRUE(addSeparated(list, "r"));
    EXPECT_TRUE(addSeparated(list, " , "));
    EXPECT_TRUE(addElement(list, ""));
    EXPECT_FALSE(addSeparated(list, "r"));
    list.resize(256);
    EXPECT_FALSE(addElement(list, "r"));
    std::string many = "r";
    for (int i = 1; i < 257; ++i) {
        many += " r";
    }
    list.clear();
    EXPECT_FALSE(addSeparated(list, many));
}

TEST(Entitlements, WithControlCharactersOrOtherThanUtf8AreRefused) {
    std::vector<std::string> list;
    for (const char* text :
         {"a\tb", "a\nb", "\r", "a\x7F", "a\u0085", "a\x85", "\xC0\xAF", "a,\n"}) {
        EXPECT_FALSE(addSeparated(list, text)) << text;
        EXPECT_FALSE(addElement(list, text)) << text;
    }
    EXPECT_FALSE(addElement(list, std::string_view("a\0", 2)));
    EXPECT_TRUE(list.empty());
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
