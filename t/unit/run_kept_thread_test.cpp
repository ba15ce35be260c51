#include "run_driver.h"

/// Threads at the provider that are kept for a time after their last job.
namespace edgerun::run::test {
namespace {

constexpr std::uint64_t kHour = 3'600'000;
constexpr const char* kDelete = "COMPLETED DeleteThread DELETE /threads/thread_1";

void playToTheEnd(Driver& driver) {
    driver.settings.keepThreads = kHour;
    playToRunning(driver);
    driver.step(1'230, Timer{});
    driver.step(1'240, ok(kCompleted));
    driver.step(1'250, ok(kAnswer));
    ASSERT_EQ(nameOf(driver.last), "COMPLETED DeleteThread wait 3601250 !");
}

TEST(KeptThread, IsDeletedWhenItsTimeIsOver) {
    Driver driver;
    playToTheEnd(driver);
    EXPECT_FALSE(driver.record.isThreadGone);
    play(driver, {{3'601'250, Timer{}, kDelete}, {3'601'260, ok("{}"), "COMPLETED Done finished"}});
    EXPECT_TRUE(driver.record.isThreadGone);
}

TEST(KeptThread, IsDeletedAlsoWhenNobodyWasThereAtTheTime) {
    Driver driver;
    playToTheEnd(driver);
    play(driver, {{9'000'000, Resume{}, kDelete}});
    EXPECT_EQ(driver.call().timeout, 30'000U);
    EXPECT_TRUE(driver.record.isThreadGone);
    play(driver, {{9'000'010, kUnknown, "COMPLETED DeleteThread wait 9000510"},
                  {9'000'510, Timer{}, kDelete},
                  {9'030'000, Resume{}, "COMPLETED Done finished"}});
    EXPECT_EQ(driver.last.note, "gave up to delete the thread");
}

TEST(KeptThread, StaysWhereAnotherJobGoesOnInIt) {
    Driver driver;
    playToTheEnd(driver);
    driver.isThreadWanted = true;
    play(driver, {{9'000'000, Resume{}, "COMPLETED Done finished"}});
    EXPECT_FALSE(driver.record.isThreadGone);
}

}  // namespace
}  // namespace edgerun::run::test
