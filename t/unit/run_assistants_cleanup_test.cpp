#include "run_driver.h"

namespace edgerun::run::test {
namespace {

const std::string kDelete = "DeleteThread DELETE /threads/thread_1";
const std::string kCancelCall = "CancelRun POST /threads/thread_1/runs/run_1/cancel";

TEST(AssistantsCleanUp, CancelsTheRunAndDeletesTheThread) {
    Driver driver;
    playToRunning(driver);
    play(driver, {{100, Cancel{}, "CANCELLED " + kCancelCall + " !"}});
    EXPECT_EQ(driver.call().body, "");
    EXPECT_FALSE(driver.last.visible->error);
    EXPECT_EQ(driver.record.completedWall, kStartWall + 100);
    play(driver, {{110, ok(R"({"id":"run_1","status":"cancelling"})"), "CANCELLED " + kDelete},
                  {120, ok("{}"), "CANCELLED Done finished"}});
}

TEST(AssistantsCleanUp, IsDoneAtOnceForAJobThatHasNotBegun) {
    Driver driver;
    play(driver,
         {{0, Cancel{}, "CANCELLED Done finished !"}, {10, Resume{}, "CANCELLED Done finished"}});
}

TEST(AssistantsCleanUp, DeletesAContinuedThreadUnlessAnotherJobGoesOnInIt) {
    for (const bool isWanted : {false, true}) {
        Driver driver;
        driver.threadId = "thread_1";
        driver.isThreadWanted = isWanted;
        driver.step(0, Resume{});
        driver.step(10, ok(kMessage));
        driver.step(20, ok(kQueued));
        driver.step(100, Cancel{});
        EXPECT_EQ(driver.record.phase, Phase::CancelRun);
        play(driver, {{110, ok("{}"), "CANCELLED " + (isWanted ? "Done finished" : kDelete)}});
        EXPECT_EQ(driver.record.isThreadGone, !isWanted);
    }
}

TEST(AssistantsCleanUp, LooksForARunThatMayHaveStarted) {
    Driver driver;
    driver.step(0, Resume{});
    driver.step(10, ok(kThread));
    driver.step(20, ok(kMessage));
    play(driver, {{30, Cancel{}, "CANCELLED FindLostRun wait 2030 !"},
                  {2030, Timer{}, std::string("CANCELLED FindLostRun GET ") + kRunsPage},
                  {2035, ok(kOwnRuns), "CANCELLED " + kCancelCall},
                  {2040, ok(kQueued), "CANCELLED " + kDelete},
                  {2050, answer(404, ""), "CANCELLED Done finished"}});
    EXPECT_EQ(driver.last.note, "");
}

TEST(AssistantsCleanUp, LooksForARunHoweverLongTheGrace) {
    Driver driver;
    driver.settings.lookupGrace = 40'000;
    driver.step(0, Resume{});
    driver.step(10, ok(kThread));
    driver.step(20, ok(kMessage));
    play(driver, {{30, Cancel{}, "CANCELLED FindLostRun wait 40030 !"},
                  {40'030, Timer{}, std::string("CANCELLED FindLostRun GET ") + kRunsPage},
                  {40'035, ok(kOwnRuns), "CANCELLED " + kCancelCall},
                  {40'040, ok(kQueued), "CANCELLED " + kDelete},
                  {40'050, answer(404, ""), "CANCELLED Done finished"}});
}

TEST(AssistantsCleanUp, FindsNoLostRunOrOneThatIsOver) {
    constexpr std::string_view over =
        R"({"data":[{"id":"run_1","status":"failed","metadata":{"edgerun_job":"job1"}}]})";
    for (const std::string_view list : {kNothing, kForeignRuns, over}) {
        Driver driver;
        driver.step(0, Resume{});
        driver.step(10, ok(kThread));
        driver.step(20, ok(kMessage));
        driver.step(30, Cancel{});
        driver.step(2030, Timer{});
        play(driver, {{2040, ok(list), "CANCELLED " + kDelete}});
    }
}

TEST(AssistantsCleanUp, FollowsATimeoutInEveryPhase) {
    struct {
        std::vector<Event> events;  ///< one each 10 ms
        std::string expected;
    } const rows[] = {
        {{Resume{}}, "FAILED Done finished !"},
        {{Resume{}, ok(kThread)}, "FAILED " + kDelete + " !"},
        {{Resume{}, ok(kThread), kUnknown}, "FAILED " + kDelete + " !"},
        {{Resume{}, ok(kThread), ok(kMessage)}, "FAILED FindLostRun wait 92000 !"},
        {{Resume{}, ok(kThread), ok(kMessage), kUnknown},
         std::string("FAILED FindLostRun GET ") + kRunsPage + " !"},
        {{Resume{}, ok(kThread), ok(kMessage), kNotSent}, "FAILED " + kDelete + " !"},
        {{Resume{}, ok(kThread), ok(kMessage), ok(kQueued)}, "FAILED " + kCancelCall + " !"},
        {{Resume{}, ok(kThread), ok(kMessage), ok(kCompleted)}, "FAILED " + kDelete + " !"},
    };
    for (const auto& row : rows) {
        for (const Event& late : {Event(Timer{}), Event(Resume{}), Event(ok(kAnswer)),
                                  Event(kUnknown), Event(Cancel{})}) {
            Driver driver;
            std::uint64_t at = 0;
            for (const Event& event : row.events) {
                driver.step(at, event);
                at += 10;
            }
            play(driver, {{90'000, late, row.expected}});
            EXPECT_EQ(driver.error().name, "RunTimeout");
            EXPECT_EQ(driver.error().message, "the run did not end within 90 s");
            EXPECT_EQ(driver.error().statusCode, 504);
            const std::uint64_t begins = std::max(kStart + 90'000, driver.record.notBefore);
            EXPECT_EQ(driver.record.deadline, begins + 30'000);
        }
    }
}

TEST(AssistantsCleanUp, FollowsACancelInEveryPhase) {
    const std::vector<Event> running = {Resume{}, ok(kThread), ok(kMessage), ok(kQueued)};
    const auto then = [](std::vector<Event> events, const std::vector<Event>& more) {
        events.insert(events.end(), more.begin(), more.end());
        return events;
    };
    const std::vector<Event> cancelled = then(running, {Cancel{}});
    const std::string lookNow = std::string("FindLostRun GET ") + kRunsPage;
    const struct {
        std::vector<Event> events;  ///< one each 10 ms
        std::uint64_t at;           ///< of the Cancel
        std::string expected;
    } rows[] = {
        {{}, 100, "Done finished !"},          // has not begun
        {{Resume{}}, 100, "Done finished !"},  // the thread is being made: nobody knows its name
        {{Resume{}, kNotSent}, 100, "Done finished !"},
        {{Resume{}, ok(kThread)}, 100, kDelete + " !"},            // the message was sent
        {{Resume{}, ok(kThread), kNotSent}, 100, kDelete + " !"},  // it was not
        {{Resume{}, ok(kThread), kUnknown}, 100, kDelete + " !"},  // it is looked for
        {{Resume{}, ok(kThread), kUnknown, Timer{}}, 100, kDelete + " !"},
        {{Resume{}, ok(kThread), ok(kMessage)},
         100,
         "FindLostRun wait 2100 !"},  // the run was sent
        {{Resume{}, ok(kThread), ok(kMessage), kNotSent}, 100, kDelete + " !"},
        {{Resume{}, ok(kThread), ok(kMessage), kUnknown}, 100, "FindLostRun wait 2030 !"},
        {{Resume{}, ok(kThread), ok(kMessage), kUnknown}, 2500, lookNow + " !"},
        {running, 100, kCancelCall + " !"},   // before a poll
        {running, 1230, kCancelCall + " !"},  // instead of one
        {{Resume{}, ok(kThread), ok(kMessage), ok(kCompleted)},
         100,
         kDelete + " !"},  // no answer yet
        // Final ones stay as they are; what is left to do goes on.
        {cancelled, 100, kCancelCall},
        {then(cancelled, {kUnknown}), 100, "CancelRun wait 550"},
        {then(cancelled, {ok("{}")}), 100, kDelete},
        {then(cancelled, {ok("{}"), ok("{}")}), 100, "Done finished"},
        {{Resume{}, ok(kThread), ok(kMessage), Cancel{}}, 100, "FindLostRun wait 2030"},
        {{Resume{}, ok(kThread), ok(kMessage), Cancel{}}, 2100, lookNow},
    };
    for (const auto& row : rows) {
        Driver driver;
        std::uint64_t at = 0;
        for (const Event& event : row.events) {
            driver.step(at, event);
            at += 10;
        }
        const std::int64_t done = driver.record.completedWall;
        play(driver, {{row.at, Cancel{}, "CANCELLED " + row.expected}});
        EXPECT_EQ(driver.record.completedWall,
                  done != 0 ? done : kStartWall + static_cast<std::int64_t>(row.at));
    }
}

TEST(AssistantsCleanUp, LeavesAFailedJobFailed) {
    Driver driver;
    driver.step(0, Resume{});
    driver.step(10, ok(kThread));
    driver.step(20, ok(kMessage));
    play(driver, {{30, answer(422, ""), "FAILED " + kDelete + " !"},
                  {40, Cancel{}, "FAILED " + kDelete},
                  {50, ok("{}"), "FAILED Done finished"},
                  {60, Cancel{}, "FAILED Done finished"}});
}

TEST(AssistantsCleanUp, NeverWaitsBeyondTheDeadline) {
    Driver driver;
    driver.settings.runTimeout = 1000;
    driver.step(0, Resume{});
    driver.step(10, ok(kThread));
    driver.step(20, ok(kMessage));
    driver.step(30, ok(kQueued));
    EXPECT_EQ(nameOf(driver.last), "RUNNING PollRun wait 1000 !");
}

TEST(AssistantsCleanUp, GivesACallNoMoreTimeThanThereIsLeft) {
    Driver driver;
    driver.settings.runTimeout = 40'000;
    driver.step(0, Resume{});
    EXPECT_EQ(driver.call().timeout, 30'000U);
    driver.step(39'000, ok(kThread));
    EXPECT_EQ(driver.call().timeout, 1'000U);
}

TEST(AssistantsCleanUp, TriesEachCallFourTimesAndGoesOn) {
    Driver driver;
    playToRunning(driver);
    play(driver, {{0, Cancel{}, "CANCELLED " + kCancelCall + " !"},
                  {0, kUnknown, "CANCELLED CancelRun wait 500"},
                  {500, Timer{}, "CANCELLED " + kCancelCall},
                  {500, answer(500, ""), "CANCELLED CancelRun wait 1500"},
                  {1500, Timer{}, "CANCELLED " + kCancelCall},
                  {1500, answer(429, ""), "CANCELLED CancelRun wait 3500"},
                  {3500, Timer{}, "CANCELLED " + kCancelCall},
                  {3500, kNotSent, "CANCELLED " + kDelete}});
    EXPECT_FALSE(driver.last.note.empty());
    play(driver, {{3600, kNotSent, "CANCELLED DeleteThread wait 4100"},
                  {4100, Timer{}, "CANCELLED " + kDelete},
                  {4100, answer(401, ""), "CANCELLED Done finished"}});
    EXPECT_FALSE(driver.last.note.empty());
}

TEST(AssistantsCleanUp, TakesARunThatCannotBeCancelledForOver) {
    for (const int status : {400, 404}) {
        Driver driver;
        playToRunning(driver);
        driver.step(100, Cancel{});
        play(driver, {{110, answer(status, ""), "CANCELLED " + kDelete}});
        EXPECT_EQ(driver.last.note, "");
    }
}

TEST(AssistantsCleanUp, EndsAtItsDeadline) {
    Driver driver;
    playToRunning(driver);
    driver.step(100, Cancel{});
    play(driver, {{30'099, Resume{}, "CANCELLED " + kCancelCall}});
    EXPECT_EQ(driver.call().timeout, 1U);
    play(driver, {{30'100, kUnknown, "CANCELLED Done finished"}});
    EXPECT_EQ(driver.last.note, "gave up to cancel the run");
}

TEST(AssistantsCleanUp, GoesOnWhenTheJobIsCancelledAgain) {
    Driver driver;
    playToRunning(driver);
    play(driver, {{100, Cancel{}, "CANCELLED " + kCancelCall + " !"},
                  {110, Cancel{}, "CANCELLED " + kCancelCall},
                  {120, kUnknown, "CANCELLED CancelRun wait 620"},
                  {130, Cancel{}, "CANCELLED CancelRun wait 620"}});
}

TEST(AssistantsCleanUp, FollowsAFailureWhileTheRunGoesOn) {
    Driver driver;
    playToRunning(driver);
    driver.step(1230, Timer{});
    play(driver, {{1240, answer(404, ""), "FAILED " + kCancelCall + " !"}});
}

TEST(AssistantsCleanUp, NeverChangesACompletedJob) {
    Driver driver;
    playToRunning(driver);
    driver.step(1230, Timer{});
    driver.step(1240, ok(kCompleted));
    play(driver, {{1250, ok(kAnswer), "COMPLETED " + kDelete + " !"},
                  {1260, Cancel{}, "COMPLETED " + kDelete},
                  {1270, ok(kQueued), "COMPLETED Done finished"},
                  {1280, Cancel{}, "COMPLETED Done finished"}});
}

}  // namespace
}  // namespace edgerun::run::test
