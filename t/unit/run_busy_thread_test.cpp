#include "run_driver.h"

/// Threads of assistants that somebody else's run holds, such as one that is being cancelled.
namespace edgerun::run::test {
namespace {

constexpr std::string_view kBusyForMessages =
    R"({"error":{"message":"Can't add messages to thread_1 while a run run_9 is active."}})";
constexpr std::string_view kCancelling =
    R"({"data":[{"id":"run_9","thread_id":"thread_1","status":"cancelling",)"
    R"("metadata":{"edgerun_job":"job9"}}]})";

const std::string kAdd = "PENDING AddMessage POST /threads/thread_1/messages";
const std::string kCreate = "PENDING CreateRun POST /threads/thread_1/runs";
const std::string kLook = std::string("PENDING FindRun GET ") + kRunsPage;

/// Goes on in a thread, to where its message was just sent, all at the start.
Driver driverAtMessage(StartGuarantee guarantee = StartGuarantee::Lookup) {
    Driver driver;
    driver.threadId = "thread_1";
    driver.record.guarantee = guarantee;
    EXPECT_EQ(nameOf(driver.step(0, Resume{})), kAdd);
    return driver;
}

Driver driverAtRun(StartGuarantee guarantee = StartGuarantee::Lookup) {
    Driver driver = driverAtMessage(guarantee);
    EXPECT_EQ(nameOf(driver.step(0, ok(kMessage))), kCreate);
    return driver;
}

/// The thread stays busy until the job is over; when that is.
std::uint64_t playToTheEnd(Driver& driver) {
    std::uint64_t at = 0;
    for (int i = 0; i < 1'000 && !isFinal(driver.record.status); ++i) {
        if (const auto* wait = std::get_if<Wait>(&driver.last.command)) {
            at = wait->until - kStart;
            driver.step(at, Timer{});
        } else if (driver.record.phase == Phase::FindRun) {
            driver.step(++at, ok(kCancelling));
        } else {
            driver.step(++at,
                        answer(400, driver.record.phase == Phase::AddMessage ? kBusyForMessages
                                                                             : kBusyRun));
        }
    }
    return at;
}

TEST(BusyThread, IsWaitedForWithGrowingPausesBeforeAMessage) {
    Driver driver = driverAtMessage();
    const Response busy = answer(400, kBusyForMessages);
    play(driver, {{10, busy, "PENDING AddMessage wait 1010"},
                  {500, Resume{}, "PENDING AddMessage wait 1010"},
                  {1010, Timer{}, kAdd},
                  {1020, busy, "PENDING AddMessage wait 3020"},
                  {3020, Timer{}, kAdd},
                  {3030, busy, "PENDING AddMessage wait 7030"},
                  {7030, Timer{}, kAdd},
                  {7040, busy, "PENDING AddMessage wait 12040"},
                  {12'040, Timer{}, kAdd},
                  {12'050, busy, "PENDING AddMessage wait 17050"},
                  {17'050, Timer{}, kAdd},
                  {17'060, ok(kMessage), kCreate}});
}

TEST(BusyThread, IsLookedAtAndWaitedForBeforeARun) {
    Driver driver = driverAtRun();
    const Response busy = answer(400, kBusyRun);
    play(driver, {{10, busy, kLook},
                  {20, ok(kCancelling), "PENDING CreateRun wait 1020"},
                  {1020, Timer{}, kCreate},
                  {1030, busy, kLook},
                  {1040, ok(kCancelling), "PENDING CreateRun wait 3040"},
                  {3040, Timer{}, kCreate},
                  {3050, busy, kLook},
                  {3060, ok(kCancelling), "PENDING CreateRun wait 7060"},
                  {7060, Timer{}, kCreate},
                  {7070, busy, kLook},
                  {7080, ok(kCancelling), "PENDING CreateRun wait 12080"},
                  {12'080, Timer{}, kCreate},
                  {12'090, busy, kLook},
                  {12'100, ok(kCancelling), "PENDING CreateRun wait 17100"},
                  {17'100, Timer{}, kCreate},
                  {17'110, ok(kQueued), "RUNNING PollRun wait 18310 !"}});
}

TEST(BusyThread, IsLookedAtEachTimeForAnEarlierTryOfTheJob) {
    Driver driver = driverAtRun();
    play(driver, {{10, answer(400, kBusyRun), kLook},
                  {20, ok(kCancelling), "PENDING CreateRun wait 1020"},
                  {1020, Timer{}, kCreate},
                  {1030, answer(400, kBusyRun), kLook},
                  {1040, ok(kOwnRuns), "RUNNING PollRun wait 2240 !"}});
    EXPECT_EQ(driver.record.runId.view(), "run_1");
}

TEST(BusyThread, IsWaitedForAlsoWhereNobodySeemsToHoldIt) {
    Driver driver = driverAtRun();
    play(driver, {{10, answer(400, kBusyRun), kLook},
                  {20, ok(kNothing), "PENDING CreateRun wait 1020"},
                  {1020, Timer{}, kCreate},
                  {1030, answer(400, kBusyRun), kLook},
                  {1040, ok(kNothing), "PENDING CreateRun wait 3040"}});
}

TEST(BusyThread, IsWaitedForUntilTheRunsTimeIsOver) {
    for (const auto guarantee :
         {StartGuarantee::Lookup, StartGuarantee::AtMostOnce, StartGuarantee::AtLeastOnce}) {
        for (Driver driver : {driverAtMessage(guarantee), driverAtRun(guarantee)}) {
            EXPECT_EQ(playToTheEnd(driver), 90'000U);
            EXPECT_EQ(driver.error().name, "RunTimeout");
            EXPECT_FALSE(driver.last.mayFallBack);
            EXPECT_TRUE(driver.record.hadNoRun);
        }
    }
}

TEST(BusyThread, DoesNotCountAsATry) {
    Driver driver = driverAtMessage();
    driver.settings.retries = 0;
    play(driver, {{10, answer(400, kBusyForMessages), "PENDING AddMessage wait 1010"},
                  {1010, Timer{}, kAdd},
                  {1020, ok(kMessage), kCreate},
                  {1030, answer(400, kBusyRun), kLook},
                  {1040, ok(kCancelling), "PENDING CreateRun wait 2040"},
                  {2040, Timer{}, kCreate}});
    EXPECT_EQ(driver.record.rounds, 1U);
}

TEST(BusyThread, CountsWhereAnEarlierTryOfUnknownOutcomeMayHoldIt) {
    Driver driver = driverAtRun(StartGuarantee::AtLeastOnce);
    play(driver, {{10, kUnknown, "PENDING CreateRun wait 510"},
                  {510, Timer{}, kCreate},
                  {520, answer(400, kBusyRun), kLook},
                  {530, ok(kCancelling), "PENDING CreateRun wait 1530"},
                  {600, Cancel{}, "CANCELLED FindLostRun wait 2600 !"}});
    EXPECT_FALSE(driver.record.hadNoRun);
}

TEST(BusyThread, IsToldToTheOperatorOnce) {
    for (Driver driver : {driverAtMessage(), driverAtRun(StartGuarantee::AtMostOnce)}) {
        const Response busy = answer(400, kBusyForMessages);
        driver.step(10, busy);
        EXPECT_NE(driver.last.note.find("while a run run_9 is active"), std::string::npos);
        driver.step(1010, Timer{});
        driver.step(1020, busy);
        EXPECT_EQ(driver.last.note, "");
    }
}

TEST(BusyThread, IsWaitedForAsLongAsTheProviderAsks) {
    Response busy = answer(400, kBusyForMessages);
    busy.retryAfter = 30'000;
    Driver first = driverAtMessage();
    play(first, {{10, busy, "PENDING AddMessage wait 30010"}});
    busy.retryAfter = UINT64_MAX;
    Driver second = driverAtMessage();
    play(second, {{10, busy, "PENDING AddMessage wait 90000"}});
}

TEST(BusyThread, IsNotWaitedForWhereTheProviderForbidsIt) {
    Response busy = answer(400, kBusyForMessages);
    busy.shouldRetry = false;
    Driver driver = driverAtMessage();
    play(driver, {{10, busy, "FAILED DeleteThread DELETE /threads/thread_1 !"}});
}

}  // namespace
}  // namespace edgerun::run::test
