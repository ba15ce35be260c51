#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_journal_fixture.h"

namespace edgerun::store {

namespace {

class ZoneSecretTest : public JournalDirectory {
protected:
    std::optional<JobIdSecret> secret(bool mayCreate) {
        problem.clear();
        return zoneSecret(directory, mayCreate, problem);
    }
    bool saysOf(std::string_view part) { return problem.find(part) != std::string::npos; }

    std::string problem;
};

TEST_F(ZoneSecretTest, TheFirstOneIsKept) {
    const auto made = secret(true);
    ASSERT_TRUE(made) << problem;
    EXPECT_NE(*made, JobIdSecret{});
    EXPECT_EQ(secret(true), made);
    EXPECT_EQ(secret(false), made);
    EXPECT_EQ(files(), 1U);
}

TEST_F(ZoneSecretTest, ItIsTextThatItsOwnerMayRead) {
    ASSERT_TRUE(secret(true));
    const std::string text = get("zone");
    ASSERT_EQ(text.size(), 18U + 65U);
    EXPECT_EQ(text.substr(0, 18), "edgerun journal 1\n");
    EXPECT_EQ(text.find_first_not_of("0123456789abcdef", 18), text.size() - 1);
    struct stat status;
    ASSERT_EQ(stat((directory + "/zone").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(ZoneSecretTest, WithoutPermissionNothingIsMade) {
    const auto one = secret(false);
    const auto other = secret(false);
    ASSERT_TRUE(one && other);
    EXPECT_NE(*one, *other);
    EXPECT_EQ(files(), 0U);
}

TEST_F(ZoneSecretTest, WhatACrashLeftInTheMakingIsReplaced) {
    put("zone.new", "edgerun jour");
    EXPECT_TRUE(secret(true)) << problem;
    EXPECT_FALSE(has("zone.new"));
}

TEST_F(ZoneSecretTest, AMalformedOneStaysAsItIs) {
    const std::string digits(64, '0');
    for (const std::string& text :
         {std::string(), std::string("edgerun"), "edgerun journal 1\n" + digits.substr(1) + "\n",
          "edgerun journal 1\n" + digits, "edgerun journal 1\n" + digits + "0\n",
          "edgerun journal 1\n" + digits + "\n\n", "edgerun journal 1\n" + digits.substr(1) + "G\n",
          "edgerun journals\n" + digits + "\n"}) {
        put("zone", text);
        EXPECT_FALSE(secret(true)) << text;
        EXPECT_TRUE(saysOf("cannot use \"" + directory + "/zone\": ")) << problem;
        EXPECT_EQ(get("zone"), text);
    }
}

TEST_F(ZoneSecretTest, OneOfALaterFormatSaysSo) {
    put("zone", "edgerun journal 2\nsomething else\n");
    EXPECT_FALSE(secret(true));
    EXPECT_TRUE(saysOf("a later version of edgerun wrote it")) << problem;
}

TEST_F(ZoneSecretTest, NoOtherFirstLineIsOfALaterFormat) {
    for (const char* format : {"0", "-2", "2", "", "x", "99999999999", "1 2"}) {
        put("zone", std::string("edgerun journal ") + format + "\nsomething else\n");
        EXPECT_FALSE(secret(true));
        EXPECT_EQ(saysOf("a later version of edgerun wrote it"), format == std::string("2"))
            << format << ": " << problem;
    }
}

TEST_F(ZoneSecretTest, ALinkOrADirectoryIsNoSecret) {
    put("elsewhere", "edgerun journal 1\n" + std::string(64, '0') + "\n");
    ASSERT_EQ(symlink("elsewhere", (directory + "/zone").c_str()), 0);
    EXPECT_FALSE(secret(true));
    EXPECT_TRUE(saysOf("cannot read")) << problem;
    unlink((directory + "/zone").c_str());
    mkdir((directory + "/zone").c_str(), 0700);
    EXPECT_FALSE(secret(true));
    EXPECT_TRUE(saysOf("cannot read")) << problem;
}

TEST_F(ZoneSecretTest, ADirectoryThatIsNotThereIsSaid) {
    directory += "/none";
    EXPECT_FALSE(secret(true));
    EXPECT_TRUE(saysOf("/none\": No such file or directory")) << problem;
    EXPECT_FALSE(secret(false));
}

TEST_F(ZoneSecretTest, ThoseThatStartAtOnceAgree) {
    constexpr int kProcesses = 8;
    int start[2];
    int told[2];
    ASSERT_EQ(pipe(start), 0);
    ASSERT_EQ(pipe(told), 0);
    for (int process = 0; process < kProcesses; ++process) {
        if (fork() == 0) {
            char byte;
            close(start[1]);
            [[maybe_unused]] const ssize_t begun = read(start[0], &byte, 1);
            const auto mine = secret(true).value_or(JobIdSecret{});
            _exit(write(told[1], mine.data(), mine.size()) == 32 ? 0 : 1);
        }
    }
    close(start[0]);
    close(start[1]);
    for (int process = 0; process < kProcesses; ++process) {
        JobIdSecret theirs{};
        EXPECT_EQ(read(told[0], theirs.data(), theirs.size()), 32);
        EXPECT_EQ(theirs, secret(false));
        wait(nullptr);
    }
    close(told[0]);
    close(told[1]);
}

}  // namespace

}  // namespace edgerun::store
