#include "run_driver.h"

/// keep_threads: how long a thread stays after its last job.
namespace edgerun::run::test {
namespace {

constexpr std::uint64_t kHour = 3'600'000;
const std::string kDelete = "COMPLETED DeleteThread DELETE /threads/thread_1";

/// To where the job has just ended, at 1,250 ms, in a thread of its own or in one that it
/// continues.
struct EndedDriver : Driver {
    explicit EndedDriver(std::uint64_t kept, bool isWanted = false, std::string_view continued = {},
                         bool isCrowded = false) {
        settings.keepThreads = kept;
        threadId = continued;
        step(0, Resume{});
        if (continued.empty()) {
            step(10, ok(kThread));
        }
        step(20, ok(kMessage));
        step(30, ok(kQueued));
        step(1230, Timer{});
        step(1240, ok(kCompleted));
        isThreadWanted = isWanted;
        isZoneCrowded = isCrowded;
        step(1250, ok(kAnswer));
    }
};

TEST(KeptThread, IsDeletedAtOnceOrNever) {
    EXPECT_EQ(nameOf(EndedDriver(0).last), kDelete + " !");
    EXPECT_TRUE(EndedDriver(0).record.isThreadGone) << "from now on nobody may continue it";
    EXPECT_EQ(nameOf(EndedDriver(kKeepForever).last), "COMPLETED Done finished !");
    EXPECT_FALSE(EndedDriver(kKeepForever).record.isThreadGone);
}

TEST(KeptThread, IsLeftToAnotherJobThatWantsIt) {
    for (const std::uint64_t kept : {std::uint64_t{0}, kHour, kKeepForever}) {
        const EndedDriver driver(kept, true);
        EXPECT_EQ(nameOf(driver.last), "COMPLETED Done finished !");
        EXPECT_FALSE(driver.record.isThreadGone);
    }
}

TEST(KeptThread, IsDeletedByTheLastOfItsJobsWhoeverMadeIt) {
    const EndedDriver driver(0, false, "thread_1");
    EXPECT_EQ(nameOf(driver.last), kDelete + " !");
    EXPECT_TRUE(driver.record.isThreadGone);
}

TEST(KeptThread, IsDeletedWhenItsLastJobIsErased) {
    EndedDriver driver(kHour);
    play(driver, {{200'000, Cancel{}, kDelete}});
    EXPECT_TRUE(driver.record.isThreadGone);
    play(driver, {{200'010, ok("{}"), "COMPLETED Done finished"}});
}

TEST(KeptThread, IsNotKeptWhereTheZoneHasNoRoomForThat) {
    EndedDriver driver(kHour, false, {}, true);
    EXPECT_EQ(nameOf(driver.last), kDelete + " !");
    EXPECT_EQ(nameOf(EndedDriver(kKeepForever, false, {}, true).last), "COMPLETED Done finished !");
}

TEST(KeptThread, IsDeletedWhenItsTimeIsOver) {
    EndedDriver driver(kHour);
    EXPECT_EQ(nameOf(driver.last), "COMPLETED DeleteThread wait 3601250 !");
    EXPECT_FALSE(driver.record.isThreadGone);
    EXPECT_EQ(driver.record.deadline, kStart + 3'631'250);
    play(driver, {{100'000, Resume{}, "COMPLETED DeleteThread wait 3601250"},
                  {300'000, Timer{}, "COMPLETED DeleteThread wait 3601250"},
                  {400'000, ok("{}"), "COMPLETED DeleteThread wait 3601250"},
                  {400'000, kUnknown, "COMPLETED DeleteThread wait 3601250"}});
    EXPECT_FALSE(driver.record.isThreadGone);
    play(driver, {{3'601'250, Timer{}, kDelete}});
    EXPECT_TRUE(driver.record.isThreadGone);
    play(driver, {{3'601'260, ok("{}"), "COMPLETED Done finished"}});
    EXPECT_EQ(driver.last.note, "");
}

TEST(KeptThread, StaysWhenAnotherJobHasTakenItMeanwhile) {
    for (const Event& event : {Event(Timer{}), Event(Resume{})}) {
        EndedDriver driver(kHour);
        driver.isThreadWanted = true;
        play(driver, {{3'601'250, event, "COMPLETED Done finished"}});
        EXPECT_FALSE(driver.record.isThreadGone);
    }
}

TEST(KeptThread, GetsSomeTriesToBeDeleted) {
    EndedDriver driver(kHour);
    play(driver, {{3'601'250, Timer{}, kDelete},
                  {3'601'260, kUnknown, "COMPLETED DeleteThread wait 3601760"},
                  {3'601'300, Resume{}, "COMPLETED DeleteThread wait 3601760"},
                  {3'601'760, Timer{}, kDelete},
                  {3'601'770, Resume{}, kDelete},
                  {3'601'780, answer(404, ""), "COMPLETED Done finished"}});
    EXPECT_EQ(driver.last.note, "");
}

TEST(KeptThread, IsGivenUpWhenTheTimeForItsDeletionIsOver) {
    EndedDriver driver(kHour);
    play(driver, {{3'601'250, Timer{}, kDelete},
                  {3'631'249, Resume{}, kDelete},
                  {3'631'250, kUnknown, "COMPLETED Done finished"}});
    EXPECT_EQ(driver.last.note, "gave up to delete the thread");
    EXPECT_TRUE(driver.record.isThreadGone);
}

TEST(KeptThread, IsDeletedThoughNobodyWasThereWhenItsTimeCame) {
    EndedDriver driver(kHour);
    play(driver,
         {{5'000'000, Resume{}, kDelete}, {5'000'010, ok("{}"), "COMPLETED Done finished"}});
}

TEST(KeptThread, MayBeKeptForLongerThanTheClockRuns) {
    EndedDriver driver(kKeepForever - 1);
    EXPECT_EQ(driver.record.notBefore, UINT64_MAX);
    EXPECT_EQ(driver.record.deadline, UINT64_MAX);
    EXPECT_EQ(std::get<Wait>(driver.last.command).until, UINT64_MAX);
}

TEST(KeptThread, IsKeptAfterACancelledJobToo) {
    Driver driver;
    driver.settings.keepThreads = kHour;
    playToRunning(driver);
    play(driver, {{100, Cancel{}, "CANCELLED CancelRun POST /threads/thread_1/runs/run_1/cancel !"},
                  {110, ok("{}"), "CANCELLED DeleteThread wait 3600110"},
                  {3'600'110, Timer{}, "CANCELLED DeleteThread DELETE /threads/thread_1"}});
}

TEST(KeptThread, IsHeldByItsJobUntilTheRunIsOver) {
    Driver driver;
    driver.settings.keepThreads = kHour;
    driver.step(0, Resume{});
    EXPECT_TRUE(holdsThread(driver.record));
    driver.step(10, ok(kThread));
    driver.step(20, ok(kMessage));
    driver.step(30, Cancel{});
    EXPECT_EQ(driver.record.phase, Phase::FindLostRun);
    EXPECT_TRUE(holdsThread(driver.record));
    driver.step(2030, Timer{});
    driver.step(2040, ok(kOwnRuns));
    EXPECT_EQ(driver.record.phase, Phase::CancelRun);
    EXPECT_TRUE(holdsThread(driver.record));
    driver.step(2050, ok("{}"));
    EXPECT_EQ(driver.record.phase, Phase::DeleteThread);
    EXPECT_FALSE(holdsThread(driver.record)) << "the next one may begin while it is kept";
}

TEST(KeptThread, OfAJobThatNeverBeganIsDeletedByItToo) {
    Driver driver;
    driver.record.threadId.assign("thread_1");  // as the store has it from the start
    driver.threadId = "thread_1";
    play(driver, {{0, Cancel{}, "CANCELLED DeleteThread DELETE /threads/thread_1 !"}});
    Driver other;
    other.record.threadId.assign("thread_1");
    other.isThreadWanted = true;
    play(other, {{0, Cancel{}, "CANCELLED Done finished !"}});
}

}  // namespace
}  // namespace edgerun::run::test
