#include "edgerun/auth/secret.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace edgerun::auth {
namespace {

class SecretFile : public ::testing::Test {
protected:
    SecretFile() : path_(::testing::TempDir() + "edgerun-secret-" + std::to_string(getpid())) {}
    ~SecretFile() override { unlink(path_.c_str()); }

    void write(const std::string& bytes, mode_t mode = 0600) {
        std::ofstream(path_, std::ios::binary) << bytes;
        chmod(path_.c_str(), mode);
    }

    std::variant<Secret, SecretProblem> read() { return readSecret("file:" + path_); }
    std::string value() { return std::get<Secret>(read()).value; }

    const std::string path_;
};

std::string problemOf(const std::variant<Secret, SecretProblem>& result) {
    const auto* problem = std::get_if<SecretProblem>(&result);
    return problem == nullptr ? "" : problem->message;
}

TEST(Secret, IsTheValueOfAVariable) {
    setenv("EDGERUN_TEST_SECRET", "env:not read again", 1);
    const auto secret = std::get<Secret>(readSecret("env:EDGERUN_TEST_SECRET"));
    EXPECT_EQ(secret.value, "env:not read again");
    EXPECT_FALSE(secret.isLiteral);
    EXPECT_EQ(secret.warning, "");
    unsetenv("EDGERUN_TEST_SECRET");
    EXPECT_EQ(std::get<Secret>(readSecret("env:EDGERUN_TEST_SECRET")).value, "");
}

TEST(Secret, IsTheTextItselfOtherwise) {
    for (const char* text : {"plain", "", "ENV:X", "environment", "file", " env:X"}) {
        const auto secret = std::get<Secret>(readSecret(text));
        EXPECT_EQ(secret.value, text);
        EXPECT_TRUE(secret.isLiteral);
    }
}

TEST(Secret, NeedsANameAfterItsKind) {
    EXPECT_EQ(problemOf(readSecret("env:")), "env: needs the name of a variable");
    EXPECT_EQ(problemOf(readSecret("file:")), "file: needs the path of a file");
}

TEST_F(SecretFile, IsReadWithoutOneTrailingNewline) {
    const std::pair<std::string, std::string> cases[] = {
        {"", ""},
        {"s3cret", "s3cret"},
        {"s3cret\n", "s3cret"},
        {"s\r\n", "s"},
        {"s\n\n", "s\n"},
        {"\n", ""},
        {" s \n", " s "},
        {"a\nb", "a\nb"},
        {"s\r", "s\r"},
        {std::string("a\0b\n", 4), std::string("a\0b", 3)}};
    for (const auto& [bytes, secret] : cases) {
        write(bytes);
        EXPECT_EQ(value(), secret);
    }
}

TEST_F(SecretFile, IsReadAgainEachTime) {
    write("first");
    EXPECT_EQ(value(), "first");
    write("second");
    EXPECT_EQ(value(), "second");
}

TEST_F(SecretFile, MayHave64KiBAndNotMore) {
    write(std::string(64 * 1024, 's'));
    EXPECT_EQ(value().size(), 64U * 1024);
    write(std::string(64 * 1024 + 1, 's'));
    EXPECT_NE(problemOf(read()).find("larger than 64 KiB"), std::string::npos);
}

TEST_F(SecretFile, ThatOthersMayOpenGivesAWarning) {
    for (const mode_t mode : {0600U, 0400U}) {
        write("s", mode);
        EXPECT_EQ(std::get<Secret>(read()).warning, "") << mode;
        unlink(path_.c_str());
    }
    for (const mode_t mode : {0640U, 0604U, 0620U, 0644U}) {
        write("s3cret", mode);
        const std::string warning = std::get<Secret>(read()).warning;
        EXPECT_NE(warning.find(path_), std::string::npos) << mode;
        EXPECT_EQ(warning.find("s3cret"), std::string::npos);
    }
}

TEST_F(SecretFile, ThatIsAbsentOrNoRegularFileIsAProblemWithoutWaiting) {
    EXPECT_NE(problemOf(read()).find("No such file"), std::string::npos);
    EXPECT_NE(problemOf(readSecret("file:/dev/null")).find("not a regular file"),
              std::string::npos);
    EXPECT_NE(problemOf(readSecret("file:/")).find("not a regular file"), std::string::npos);
    ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
    EXPECT_NE(problemOf(read()).find("not a regular file"), std::string::npos);
}

}  // namespace
}  // namespace edgerun::auth
