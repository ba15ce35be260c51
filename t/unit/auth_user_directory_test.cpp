#include "edgerun/auth/user_directory.h"

#include <gtest/gtest.h>

#include "auth_list_text.h"

namespace edgerun::auth {
namespace {

using Strings = std::vector<std::string>;

std::string faults(const std::string& text) {
    return faultsOf(UserDirectory::read(text));
}

Caller callerNamed(const std::string& user) {
    Caller caller;
    caller.identity = {user, {"r"}, {"m"}, 7, ownerKeyOf(user)};
    caller.validity = {200, 100};
    caller.payload = "{}";
    return caller;
}

Caller applied(const std::string& text, const std::string& user) {
    const auto read = UserDirectory::read(text);
    EXPECT_EQ(faultsOf(read), "");
    Caller caller = callerNamed(user);
    if (const auto* directory = std::get_if<UserDirectory>(&read)) {
        directory->apply(caller);
    }
    return caller;
}

const std::string kUsers =
    "# who may come in\n"
    "{\"user\":\"all\",\"role\":[\"admin\"],\"modules\":\"a b\",\"limit\":0}\r\n"
    "{\"user\":\"bare\"}\n"
    "{\"user\":\"none\",\"role\":[],\"modules\":\"\"}\n"
    "{\"user\":\"off\",\"disabled\":true,\"role\":\"admin\"}\n"
    "{\"user\":\"on\",\"disabled\":false}";

TEST(UserDirectory, TakesThePlaceOfWhatTheCredentialSays) {
    const Caller caller = applied(kUsers, "all");
    EXPECT_EQ(caller.standing, Standing::Good);
    EXPECT_EQ(caller.identity.user, "all");
    EXPECT_EQ(caller.identity.owner, ownerKeyOf("all"));
    EXPECT_EQ(caller.identity.roles, Strings{"admin"});
    EXPECT_EQ(caller.identity.modules, (Strings{"a", "b"}));
    EXPECT_EQ(caller.identity.limit, 0U);
    EXPECT_EQ(caller.validity.expires, 200);
    EXPECT_EQ(caller.payload, "{}");
}

TEST(UserDirectory, LeavesWhatItDoesNotMention) {
    for (const char* user : {"bare", "on"}) {
        const Caller caller = applied(kUsers, user);
        EXPECT_EQ(caller.standing, Standing::Good);
        EXPECT_EQ(caller.identity.roles, Strings{"r"});
        EXPECT_EQ(caller.identity.modules, Strings{"m"});
        EXPECT_EQ(caller.identity.limit, 7U);
    }
}

TEST(UserDirectory, CanTakeRolesAndModulesAway) {
    const Caller caller = applied(kUsers, "none");
    EXPECT_TRUE(caller.identity.roles.empty());
    EXPECT_TRUE(caller.identity.modules.empty());
    EXPECT_EQ(caller.identity.limit, 7U);
}

TEST(UserDirectory, TellsDisabledUsersAndThoseThatItDoesNotList) {
    EXPECT_EQ(applied(kUsers, "off").standing, Standing::Disabled);
    for (const char* user : {"nobody", "", "ALL", "al", "all "}) {
        EXPECT_EQ(applied(kUsers, user).standing, Standing::Unknown) << user;
    }
    EXPECT_EQ(applied("", "all").standing, Standing::Unknown);
}

TEST(UserDirectory, KnowsHowManyUsersItLists) {
    EXPECT_EQ(std::get<UserDirectory>(UserDirectory::read(kUsers)).size(), 5U);
    EXPECT_EQ(std::get<UserDirectory>(UserDirectory::read("")).size(), 0U);
}

TEST(UserDirectory, NamesEveryFaultWithItsLine) {
    EXPECT_EQ(faults("{}\n"
                     "[\n"
                     "{\"user\":\"a\"}\n"
                     "{\"user\":1,\"role\":2,\"modules\":3,\"limit\":-4,\"disabled\":5}\n"
                     "{\"user\":\"a\",\"sha256\":\"x\"}\n"),
              "1: \"user\" is missing\n"
              "2: no array is needed; the file holds one JSON object a line\n"
              "4: \"user\" must be a string of 1 to 256 bytes without control characters and "
              "without blanks around it\n"
              "4: \"role\" must be a string or an array of strings\n"
              "4: \"modules\" must be a string or an array of strings\n"
              "4: \"limit\" must be an integer from 0\n"
              "4: \"disabled\" must be true or false\n"
              "5: unknown member \"sha256\"; known are \"user\", \"role\", \"modules\", \"limit\", "
              "\"disabled\"\n"
              "5: the same \"user\" as in line 3\n");
}

TEST(UserDirectory, ListsAUserOnceHoweverItIsSpelled) {
    EXPECT_EQ(faults("{\"user\":\"a\"}\n{\"user\":\"\\u0061\"}\n"),
              "2: the same \"user\" as in line 1\n");
    EXPECT_EQ(faults("{\"user\":\"a\"}\n{\"user\":\"A\"}\n"), "");
}

}  // namespace
}  // namespace edgerun::auth
