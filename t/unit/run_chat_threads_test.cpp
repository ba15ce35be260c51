#include "run_chat_driver.h"

/// Threads that edgerun itself keeps: what a job of chat completions knows of the
/// jobs before it, and leaves to the next.
namespace edgerun::run::test {
namespace {

constexpr std::uint64_t kHour = 3'600'000;

struct Thread {
    std::uint64_t keepThreads = kKeepForever;
    std::size_t maxHistory = 64 * 1024;
    std::string memory;

    /// A job that asks `query`, up to its call; the first one makes the thread.
    void ask(Driver& driver, const std::string& query) const {
        driver.settings.keepThreads = keepThreads;
        driver.settings.maxHistory = maxHistory;
        driver.query = query;
        driver.threadId = memory.empty() ? "" : "thread_job1";
        driver.memory = memory;
        begin(driver);
    }

    void run(const std::string& query, const std::string& answer) {
        Driver driver(chatMachine());
        ask(driver, query);
        driver.step(10, ok(completion(R"({"content":")" + answer + "\"}")));
        ASSERT_EQ(driver.record.status, JobStatus::Completed);
        memory = driver.work;
    }
};

TEST(ChatMachineThreads, ForgetsAllWhereThreadsAreNotKept) {
    Driver driver(chatMachine());
    begin(driver);
    EXPECT_FALSE(driver.last.work);
    driver.step(10, ok(kSaid));
    EXPECT_FALSE(driver.last.work);
    EXPECT_FALSE(driver.record.keepsRequest);
    EXPECT_TRUE(driver.record.threadId.empty());
}

TEST(ChatMachineThreads, NamesAThreadAfterItsFirstJob) {
    Driver driver(chatMachine());
    driver.settings.keepThreads = kKeepForever;
    begin(driver);
    EXPECT_EQ(driver.record.threadId.view(), "thread_job1");
    EXPECT_TRUE(driver.record.ownsThread);
    play(driver, {{10, ok(kSaid), "COMPLETED Done finished !"}});
    EXPECT_TRUE(driver.record.keepsRequest);
    EXPECT_FALSE(driver.record.isThreadGone);
    EXPECT_EQ(driver.work, R"({"history":[{"role":"user","content":"What is \"it\"?"},)"
                           R"({"role":"assistant","content":"42"}]})");
}

TEST(ChatMachineThreads, RemembersTheClientsOwnWordsAlone) {
    Driver driver(chatMachine());
    driver.settings.keepThreads = kKeepForever;
    driver.query = "What?";
    driver.context = " Here is more.";
    begin(driver);
    EXPECT_NE(std::get<Call>(driver.last.command).body.find(R"("What? Here is more.")"),
              std::string::npos);
    driver.step(10, ok(kSaid));
    EXPECT_NE(driver.work.find(R"("content":"What?")"), std::string::npos) << driver.work;
    EXPECT_EQ(driver.work.find("more"), std::string::npos) << driver.work;
}

TEST(ChatMachineThreads, RemembersWhatWasSaid) {
    Thread thread;
    thread.run("One?", "1");
    thread.run("Two?", "2");
    Driver driver(chatMachine());
    Assistant assistant;
    assistant.instructions = "Count.";
    driver.described = &assistant;
    thread.ask(driver, "Three?");
    EXPECT_EQ(driver.call().body,
              R"({"messages":[{"role":"system","content":"Count."},)"
              R"({"role":"user","content":"One?"},{"role":"assistant","content":"1"},)"
              R"({"role":"user","content":"Two?"},{"role":"assistant","content":"2"},)"
              R"({"role":"user","content":"Three?"}]})");
    EXPECT_EQ(driver.record.threadId.view(), "thread_job1");
    EXPECT_FALSE(driver.record.ownsThread);
}

TEST(ChatMachineThreads, NeedsTheFormerJobOnlyToBegin) {
    Thread thread;
    thread.run("One?", "1");
    Driver driver(chatMachine());
    thread.ask(driver, "Two?");
    driver.memory.clear();
    driver.step(10, kNotSent);
    driver.step(510, Timer{});
    EXPECT_NE(driver.call().body.find(R"({"role":"assistant","content":"1"})"), std::string::npos);
    driver.step(520, ok(kSaid));
    EXPECT_NE(driver.work.find("One?"), std::string::npos);
    EXPECT_NE(driver.work.find("Two?"), std::string::npos);
}

TEST(ChatMachineThreads, LeavesRoundsOfToolsOut) {
    const Assistant assistant = describedAssistant();
    Driver driver(chatMachine());
    driver.described = &assistant;
    driver.settings.keepThreads = kKeepForever;
    begin(driver);
    driver.step(10,
                ok(completion(R"({"content":"Hm","tool_calls":[{"function":{"name":"add"}}]})")));
    driver.step(10, Timer{});
    driver.step(20, outputs({{"call_1_1", "2"}}));
    driver.step(30, ok(kSaid));
    EXPECT_EQ(driver.work, R"({"history":[{"role":"user","content":"What is \"it\"?"},)"
                           R"({"role":"assistant","content":"42"}]})");
    EXPECT_NE(driver.last.visible->steps.find("add"), std::string::npos);
}

TEST(ChatMachineThreads, GoOnFromWhereTheyWereAfterAJobWithoutAnAnswer) {
    const Assistant assistant = describedAssistant();
    const std::string silent = completion(R"({"content":""})");
    const std::string calling =
        completion(R"({"tool_calls":[{"function":{"name":"add"}},{"function":{"name":"ask"}}]})");
    const std::vector<std::vector<Event>> endings = {
        {Cancel{}},
        {answer(400, "")},
        {kUnknown},
        {ok("{}")},
        {ok(silent)},
        {ok(calling), Cancel{}},
        {ok(calling), Timer{}, Cancel{}},
        {ok(calling), Timer{}, outputs({{"call_1_1", "2"}}), Cancel{}},
        {NoRoom{}},
    };
    for (std::size_t i = 0; i < endings.size(); ++i) {
        SCOPED_TRACE(i);
        Thread thread;
        thread.run("One?", "1");
        Driver driver(chatMachine());
        driver.described = &assistant;
        thread.ask(driver, "Two?");
        for (const Event& event : endings[i]) {
            driver.step(10, event);
        }
        ASSERT_TRUE(isFinal(driver.record.status));
        EXPECT_TRUE(driver.record.keepsRequest);
        EXPECT_EQ(driver.work, thread.memory);
    }
    Driver first(chatMachine());
    first.settings.keepThreads = kKeepForever;
    begin(first);
    first.step(10, Cancel{});
    EXPECT_EQ(first.work, R"({"history":[]})") << "its thread can be continued";
}

TEST(ChatMachineThreads, AreUnknownWithoutMemory) {
    for (const char* memory : {"", "{}", "7", "<", R"({"history":{}})", R"({"response":"r"})"}) {
        Driver driver(chatMachine());
        driver.settings.keepThreads = kHour;
        driver.threadId = "thread_x";
        driver.memory = memory;
        play(driver, {{0, Resume{}, "FAILED Done finished !"}});
        EXPECT_EQ(driver.error().name, "ThreadUnknown");
        EXPECT_EQ(driver.error().statusCode, 404);
        EXPECT_TRUE(driver.record.isThreadGone);
        EXPECT_FALSE(driver.record.keepsRequest);
        EXPECT_FALSE(driver.last.mayFallBack);
    }
}

TEST(ChatMachineThreads, DropTheirOldestExchangesWhole) {
    Thread thread;
    thread.run("One?", "1");
    const std::size_t one = thread.memory.size() - std::string_view(R"({"history":})").size();
    thread.maxHistory = 2 * one - 1;  // two exchanges share their brackets
    thread.run("Two?", "2");
    EXPECT_NE(thread.memory.find("One?"), std::string::npos);
    thread.run("Six?", "3");
    EXPECT_EQ(thread.memory, R"({"history":[{"role":"user","content":"Two?"},)"
                             R"({"role":"assistant","content":"2"},)"
                             R"({"role":"user","content":"Six?"},)"
                             R"({"role":"assistant","content":"3"}]})");
    thread.maxHistory = 2 * one - 2;
    thread.run("Ten?", "4");
    EXPECT_EQ(thread.memory.find("Six?"), std::string::npos);
    EXPECT_NE(thread.memory.find("Ten?"), std::string::npos);
    thread.maxHistory = one;
    thread.run("Ten?", "5");
    EXPECT_NE(thread.memory.find("Ten?"), std::string::npos);
    thread.maxHistory = one - 1;
    thread.run("Ten?", "6");
    EXPECT_EQ(thread.memory, R"({"history":[]})");
}

TEST(ChatMachineThreads, EndWhenTheirTimeIsOver) {
    Driver driver(chatMachine());
    driver.settings.keepThreads = kHour;
    begin(driver);
    play(driver, {{10, ok(kSaid), "COMPLETED DeleteThread wait 3600010 !"},
                  {1'000'000, Resume{}, "COMPLETED DeleteThread wait 3600010"}});
    EXPECT_TRUE(driver.record.keepsRequest);
    EXPECT_FALSE(holdsThread(driver.record));
    play(driver, {{3'600'010, Timer{}, "COMPLETED Done finished"}});
    EXPECT_FALSE(driver.record.keepsRequest);
    EXPECT_TRUE(driver.record.isThreadGone);
}

TEST(ChatMachineThreads, EndAlsoWhenNobodyWasThereAtTheTime) {
    Driver driver(chatMachine());
    driver.settings.keepThreads = kHour;
    begin(driver);
    driver.step(10, ok(kSaid));
    play(driver, {{10'000'000, Resume{}, "COMPLETED Done finished"}});
    EXPECT_FALSE(driver.record.keepsRequest);
    EXPECT_TRUE(driver.record.isThreadGone);
}

TEST(ChatMachineThreads, StayWhereAnotherJobGoesOnInThem) {
    for (const std::uint64_t wantedAt : {10, 3'600'010}) {
        Driver driver(chatMachine());
        driver.settings.keepThreads = kHour;
        begin(driver);
        driver.isThreadWanted = wantedAt == 10;
        driver.step(10, ok(kSaid));
        driver.isThreadWanted = true;
        play(driver, {{3'600'010, Timer{}, "COMPLETED Done finished"}});
        EXPECT_TRUE(driver.record.keepsRequest) << "the other job may still have to begin";
        EXPECT_FALSE(driver.record.isThreadGone);
    }
}

TEST(ChatMachineThreads, EndWithTheJobThatGoesOnWhereThreadsAreKeptNoMore) {
    Thread thread;
    thread.run("One?", "1");
    thread.keepThreads = 0;
    Driver driver(chatMachine());
    thread.ask(driver, "Two?");
    EXPECT_NE(driver.call().body.find("One?"), std::string::npos);
    play(driver, {{10, ok(kSaid), "COMPLETED Done finished !"}});
    EXPECT_FALSE(driver.record.keepsRequest);
    EXPECT_TRUE(driver.record.isThreadGone);
}

TEST(ChatMachineThreads, AreNotKeptForAJobThatIsErased) {
    Driver driver(chatMachine());
    driver.settings.keepThreads = kKeepForever;
    begin(driver);
    driver.record.erased = true;
    play(driver, {{10, Cancel{}, "CANCELLED Done finished !"}});
    EXPECT_FALSE(driver.record.keepsRequest);
}

}  // namespace
}  // namespace edgerun::run::test
