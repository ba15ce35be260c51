#include "run_responses_driver.h"

/// Runs whose start the provider accepts only when their time is over: they are known, and so they
/// are cancelled.
namespace edgerun::run::test {
namespace {

Driver driverAtRun(StartGuarantee guarantee = StartGuarantee::Lookup) {
    Driver driver;
    driver.record.guarantee = guarantee;
    driver.step(0, Resume{});
    driver.step(0, ok(kThread));
    driver.step(0, ok(kMessage));
    EXPECT_EQ(driver.record.phase, Phase::CreateRun);
    return driver;
}

Driver driverAtResponse() {
    Driver driver = responses::driverOf();
    driver.step(0, Resume{});
    driver.step(0, ok(responses::kConversation));
    EXPECT_EQ(driver.record.phase, Phase::CreateRun);
    return driver;
}

TEST(LateStart, OfARunIsCancelled) {
    for (const auto guarantee :
         {StartGuarantee::Lookup, StartGuarantee::AtMostOnce, StartGuarantee::AtLeastOnce}) {
        for (const std::uint64_t at : {90'000, 95'000}) {
            Driver driver = driverAtRun(guarantee);
            play(driver,
                 {{at, ok(kQueued), "FAILED CancelRun POST /threads/thread_1/runs/run_1/cancel !"},
                  {at + 10, ok("{}"), "FAILED DeleteThread DELETE /threads/thread_1"}});
            EXPECT_EQ(driver.record.runId.view(), "run_1");
            EXPECT_FALSE(driver.record.hadNoRun);
        }
    }
}

TEST(LateStart, OfAResponseIsCancelled) {
    Driver driver = driverAtResponse();
    play(driver, {{95'000, ok(responses::kQueued), "FAILED " + responses::kCancelRun + " !"}});
    EXPECT_EQ(driver.error().name, "RunTimeout");
    EXPECT_EQ(driver.error().statusCode, 504);
    EXPECT_FALSE(driver.record.hadNoRun);
    play(driver, {{95'010, ok(responses::kQueued), "FAILED " + responses::kDeleteRun},
                  {95'020, ok("{}"), "FAILED " + responses::kDeleteThread}});
}

TEST(LateStart, OfAResponseInEdgerunsOwnThreadIsCancelledAndDeleted) {
    Driver driver = responses::loneDriver();
    driver.step(0, Resume{});
    play(driver, {{95'000, ok(responses::kQueued), "FAILED " + responses::kCancelRun + " !"},
                  {95'010, ok(responses::kQueued), "FAILED " + responses::kDeleteRun},
                  {95'020, ok("{}"), "FAILED Done finished"}});
}

TEST(LateStart, OfALaterRoundIsCancelled) {
    responses::ToolDriver tools;
    Driver& driver = tools.atAwait();
    driver.step(2240, responses::kThere);
    EXPECT_EQ(driver.record.phase, Phase::CreateRun);
    const std::uint64_t end = driver.record.deadline - kStart;
    driver.step(end, ok(responses::kSecondQueued));
    EXPECT_EQ(nameOf(driver.last), "FAILED CancelRun POST /responses/resp_2/cancel !");
    EXPECT_NE(driver.last.visible->steps.find("call_2"), std::string::npos);
}

TEST(LateStart, IsNotWhatARefusalOrNonsenseOrAnAnswerToNoCallSays) {
    for (const Response& reply : {answer(500, kQueued), answer(429, kQueued), ok(kAnswer)}) {
        Driver driver = driverAtRun();
        driver.step(90'000, reply);
        EXPECT_EQ(driver.record.phase, Phase::FindLostRun);
        EXPECT_TRUE(driver.record.runId.empty());
    }
    Driver refused = driverAtRun();
    refused.step(10, kNotSent);
    play(refused, {{90'000, ok(kQueued), "FAILED DeleteThread DELETE /threads/thread_1 !"}});
}

TEST(LateStart, OfAHeldCallIsItsEnd) {
    Driver driver = responses::heldDriver();
    driver.step(0, Resume{});
    driver.step(0, ok(responses::kConversation));
    play(driver, {{90'000, ok(responses::completed()), "FAILED FindLostRun wait 92000 !"}});
}

}  // namespace
}  // namespace edgerun::run::test
