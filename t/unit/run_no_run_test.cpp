#include "run_chat_driver.h"
#include "run_responses_driver.h"

/// Jobs that end: for which of them there surely was no run.
namespace edgerun::run::test {
namespace {

/// Of assistants, to where the run was just asked for; then it is told `event`.
Record endAtStart(const Event& event) {
    Driver driver;
    driver.record.guarantee = StartGuarantee::AtMostOnce;
    driver.step(0, Resume{});
    driver.step(0, ok(kThread));
    driver.step(0, ok(kMessage));
    EXPECT_EQ(driver.record.phase, Phase::CreateRun);
    driver.step(10, event);
    EXPECT_TRUE(isFinal(driver.record.status));
    return driver.record;
}

/// Of chat completions, while the call is held.
Record endChat(const Event& event) {
    Driver driver(chatMachine());
    begin(driver);
    driver.step(10, event);
    EXPECT_TRUE(isFinal(driver.record.status));
    return driver.record;
}

TEST(NoRun, WasThereOfAJobThatEndsBeforeItsStart) {
    Driver driver;
    driver.step(0, Resume{});
    driver.step(10, Cancel{});
    EXPECT_EQ(driver.record.status, JobStatus::Cancelled);
    EXPECT_TRUE(driver.record.hadNoRun);
}

TEST(NoRun, WasThereWhereItsStartWasRefused) {
    EXPECT_TRUE(endAtStart(answer(401, "")).hadNoRun);
    EXPECT_TRUE(endChat(answer(400, "")).hadNoRun);
}

TEST(NoRun, IsNotSaidWhereOneMayHaveBeenStarted) {
    EXPECT_FALSE(endAtStart(kUnknown).hadNoRun);
    EXPECT_FALSE(endAtStart(Cancel{}).hadNoRun);
    EXPECT_FALSE(endChat(kTooLarge).hadNoRun);
    EXPECT_FALSE(endChat(Cancel{}).hadNoRun);
}

TEST(NoRun, IsNotSaidWhereAnEarlierTryMayGoOnUnseen) {
    Driver driver = responses::driverOf();
    driver.step(0, Resume{});
    driver.step(10, ok(responses::kConversation));
    driver.step(20, kUnknown);
    driver.step(2020, Timer{});
    driver.step(2030, ok(responses::kEmptyPage));
    driver.step(2030, Timer{});
    play(driver, {{2040, answer(429, ""), "PENDING CreateRun wait 3040"},
                  {2050, Cancel{}, "CANCELLED FindLostRun wait 4050 !"}});
    EXPECT_FALSE(driver.record.hadNoRun);
}

TEST(NoRun, IsNotSaidWhereAnEarlierTryMayHoldTheLock) {
    Driver driver = responses::driverOf();
    driver.threadId = "conv_1";
    driver.record.guarantee = StartGuarantee::AtLeastOnce;
    driver.step(0, Resume{});
    driver.step(10, kUnknown);
    driver.step(510, Timer{});
    play(driver, {{520, answer(400, responses::kLocked), "PENDING CreateRun wait 1520"},
                  {530, Cancel{}, "CANCELLED FindLostRun wait 2530 !"}});
    EXPECT_FALSE(driver.record.hadNoRun);
}

TEST(NoRun, IsNotSaidOfOneThatEnds) {
    EXPECT_FALSE(endChat(ok(kSaid)).hadNoRun);
    Driver driver;
    playToRunning(driver);
    driver.step(40, Cancel{});
    EXPECT_EQ(driver.record.status, JobStatus::Cancelled);
    EXPECT_FALSE(driver.record.hadNoRun);
}

}  // namespace
}  // namespace edgerun::run::test
