#include "edgerun/store/whole_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "edgerun/store/crash_point.h"

namespace edgerun::store {
namespace {

namespace fs = std::filesystem;

class WholeFile : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "edgerun-whole-file-XXXXXX").string();
        directory = mkdtemp(name.data());
        path = directory + "/articles.json";
    }
    void TearDown() override { fs::remove_all(directory); }

    static std::string bytesOf(const std::string& name) {
        std::ifstream file(name);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    static mode_t modeOf(const std::string& name) {
        struct stat status {};
        EXPECT_EQ(stat(name.c_str(), &status), 0);
        return status.st_mode & 07777;
    }
    std::size_t countFiles() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
    }

    std::string directory;
    std::string path;
};

TEST_F(WholeFile, is_made_where_there_is_none_for_its_owner_and_group) {
    const auto replaced = replaceFile(path, "one");
    EXPECT_TRUE(replaced.isDone);
    EXPECT_EQ(bytesOf(path), "one");
    EXPECT_EQ(modeOf(path), 0640U);
    EXPECT_EQ(countFiles(), 1U);
}

TEST_F(WholeFile, has_the_stamp_that_its_maker_was_told) {
    const auto replaced = replaceFile(path, "one");
    EXPECT_TRUE(stampOf(path) == replaced.stamp);
}

TEST_F(WholeFile, of_the_same_size_has_another_stamp) {
    const auto first = replaceFile(path, "one");
    const auto second = replaceFile(path, "two");
    EXPECT_EQ(bytesOf(path), "two");
    EXPECT_FALSE(first.stamp == second.stamp);
}

TEST_F(WholeFile, is_later_than_the_one_before_though_the_clock_went_back) {
    ASSERT_TRUE(replaceFile(path, "one").isDone);
    timespec times[2] = {};
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = 4'000'000'000;
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    const auto before = stampOf(path);
    const auto after = replaceFile(path, "two");
    EXPECT_EQ(after.stamp.modified, before->modified + 1);
}

TEST_F(WholeFile, keeps_the_rights_of_the_one_before) {
    ASSERT_TRUE(replaceFile(path, "one").isDone);
    ASSERT_EQ(chmod(path.c_str(), 0604), 0);
    ASSERT_TRUE(replaceFile(path, "two").isDone);
    EXPECT_EQ(modeOf(path), 0604U);
}

TEST_F(WholeFile, takes_the_place_of_what_a_link_leads_to) {
    ASSERT_TRUE(replaceFile(path, "one").isDone);
    const std::string link = directory + "/link.json";
    ASSERT_EQ(symlink("articles.json", link.c_str()), 0);
    ASSERT_TRUE(replaceFile(link, "two").isDone);
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(bytesOf(path), "two");
}

TEST_F(WholeFile, does_not_lie_beside_what_a_crash_has_left) {
    std::ofstream(path + ".new-abc123") << "half";
    std::ofstream(directory + "/others.json.new-abc123") << "not ours";
    std::ofstream(path + ".new-longer-name") << "not ours";
    ASSERT_TRUE(replaceFile(path, "one").isDone);
    EXPECT_FALSE(fs::exists(path + ".new-abc123"));
    EXPECT_TRUE(fs::exists(directory + "/others.json.new-abc123"));
    EXPECT_TRUE(fs::exists(path + ".new-longer-name"));
}

TEST_F(WholeFile, is_the_old_or_the_new_one_after_a_crash) {
    for (std::uint64_t passage = 1; passage <= 2; passage++) {
        ASSERT_TRUE(replaceFile(path, "old").isDone);
        const pid_t child = fork();
        if (child == 0) {
            passagesUntilCrash = passage;
            replaceFile(path, "new");
            _exit(0);
        }
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFSIGNALED(status)) << passage;
        EXPECT_EQ(bytesOf(path), passage == 1 ? "old" : "new");
    }
}

TEST_F(WholeFile, in_a_folder_that_is_not_there_says_what_it_could_not_do) {
    const auto replaced = replaceFile(directory + "/none/articles.json", "one");
    EXPECT_FALSE(replaced.isDone);
    EXPECT_EQ(replaced.error, ENOENT);
    EXPECT_EQ(replaced.what, "create a file beside");
}

TEST_F(WholeFile, whose_place_is_a_folder_leaves_nothing_behind) {
    fs::create_directory(path);
    EXPECT_FALSE(replaceFile(path, "one").isDone);
    EXPECT_EQ(countFiles(), 1U);
}

TEST_F(WholeFile, is_locked_by_one_at_a_time) {
    {
        const OpenFile first = lockFile(path);
        EXPECT_TRUE(first);
        const OpenFile second = lockFile(path);
        EXPECT_FALSE(second);
        EXPECT_EQ(errno, EWOULDBLOCK);
    }
    EXPECT_TRUE(lockFile(path));
}

TEST_F(WholeFile, that_is_not_there_has_no_stamp) {
    EXPECT_FALSE(stampOf(path));
    EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace edgerun::store
