#include "edgerun/text/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace edgerun::text {
namespace {

class TextFile : public ::testing::Test {
protected:
    TextFile() : path_(::testing::TempDir() + "edgerun-file-" + std::to_string(getpid())) {}
    ~TextFile() override { unlink(path_.c_str()); }

    void write(const std::string& bytes, mode_t mode = 0600) {
        std::ofstream(path_, std::ios::binary) << bytes;
        chmod(path_.c_str(), mode);
    }

    std::string bytes(std::size_t maxBytes = 1000) const {
        const auto read = readFile(path_, maxBytes);
        const auto* file = std::get_if<FileText>(&read);
        return file == nullptr ? std::get<FileProblem>(read).message : file->bytes;
    }

    std::string named(const std::string& reason) const {
        return "file \"" + path_ + "\" " + reason;
    }

    const std::string path_;
};

TEST_F(TextFile, IsReadWholeAndUnchanged) {
    for (const std::string& text : {std::string(), std::string("a"), std::string("a\r\n\n"),
                                    std::string("a\0b\xFF", 4), std::string(999, 'x')}) {
        write(text);
        EXPECT_EQ(bytes(), text);
    }
    std::string large;
    for (int i = 0; large.size() < 300'000; ++i) {
        large += std::to_string(i);
    }
    write(large);
    EXPECT_EQ(bytes(large.size()), large);
}

TEST_F(TextFile, MayHaveTheMostBytesAndNotOneMore) {
    for (const std::size_t most : {0U, 1U, 100U, 16U * 1024, 16U * 1024 + 1}) {
        write(std::string(most, 'x'));
        EXPECT_EQ(bytes(most).size(), most);
        write(std::string(most + 1, 'x'));
        EXPECT_NE(bytes(most).find("is larger than "), std::string::npos);
    }
}

TEST_F(TextFile, ThatIsTooLargeIsAProblemThatNamesTheLimit) {
    ASSERT_EQ(std::ofstream(path_).put('x').good(), true);
    ASSERT_EQ(truncate(path_.c_str(), 100'000'000), 0);
    EXPECT_EQ(bytes(10), named("is larger than 10 bytes"));
    EXPECT_EQ(bytes(64 * 1024), named("is larger than 64 KiB"));
    EXPECT_EQ(bytes(64 * 1024 + 1), named("is larger than 65537 bytes"));
    EXPECT_EQ(bytes(16 << 20), named("is larger than 16 MiB"));
}

TEST(File, WhoseSizeIsNotKnownBeforeIsReadToItsEnd) {
    const auto whole = readFile("/proc/self/status", 1 << 20);
    EXPECT_NE(std::get<FileText>(whole).bytes.find("Threads:"), std::string::npos);
    EXPECT_TRUE(std::holds_alternative<FileProblem>(readFile("/proc/self/status", 10)));
}

TEST_F(TextFile, SaysWhetherOthersMayOpenIt) {
    for (const mode_t mode : {0600U, 0400U, 0700U, 0611U}) {
        write("x", mode);
        EXPECT_FALSE(std::get<FileText>(readFile(path_, 1)).isOpenToOthers) << mode;
        unlink(path_.c_str());
    }
    for (const mode_t mode : {0640U, 0620U, 0604U, 0602U, 0644U}) {
        write("x", mode);
        EXPECT_TRUE(std::get<FileText>(readFile(path_, 1)).isOpenToOthers) << mode;
    }
}

TEST_F(TextFile, ThatIsAbsentOrNoRegularFileIsAProblemWithoutWaiting) {
    EXPECT_EQ(bytes(), named("cannot be read: No such file or directory"));
    ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
    EXPECT_EQ(bytes(), named("is not a regular file"));
    for (const char* path : {"/", "/dev/null", "/dev/zero"}) {
        EXPECT_EQ(std::get<FileProblem>(readFile(path, 10)).message,
                  "file \"" + std::string(path) + "\" is not a regular file");
    }
    EXPECT_TRUE(std::holds_alternative<FileProblem>(readFile("", 10)));
}

}  // namespace
}  // namespace edgerun::text
