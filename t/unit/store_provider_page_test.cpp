#include "edgerun/store/provider_page.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "store_arena_fixture.h"
#include "store_shared_memory.h"

namespace edgerun::store {

namespace {

constexpr std::uint64_t kStart = 1'000'000;
constexpr std::uint64_t kProvider = 77;
constexpr std::uint64_t kDefinition = 0x1234567890abcdef;
constexpr FailurePolicy kPolicy{3, 10'000};

run::ProviderId idOf(std::string_view text) {
    run::ProviderId id;
    EXPECT_TRUE(id.assign(text));
    return id;
}

class ProviderPageTest : public testing::Test {
protected:
    ProviderPageTest() : memory(ProviderPage::kBytes), page(memory.data(), lock) {}

    bool mayBegin() { return page.mayBegin(kProvider, kPolicy, now); }
    bool fail() { return page.failed(kProvider, kPolicy, now); }
    void failOften() {
        for (std::uint32_t fails = 0; fails < kPolicy.maxFails; ++fails) {
            fail();
        }
    }

    std::string assistant(std::uint64_t definition = kDefinition) {
        const auto id = page.findAssistant(definition, now);
        return id ? std::string(id->view()) : "none";
    }
    void set(std::uint64_t definition, std::string_view id = "asst_1") {
        page.setAssistant(definition, idOf(id), now);
    }
    bool claim(std::uint64_t job, std::uint64_t until) {
        return page.claimAssistant(kDefinition, job, now, until);
    }

    SharedMemory memory;
    SingleThreadLock lock;
    ProviderPage page;
    std::uint64_t now = kStart;
};

// --- providers that fail ---

TEST_F(ProviderPageTest, AProviderThatFailsInARowIsLeftAlone) {
    EXPECT_TRUE(mayBegin());
    EXPECT_FALSE(fail());
    EXPECT_FALSE(fail());
    EXPECT_TRUE(mayBegin());
    EXPECT_TRUE(fail()) << "told once";
    EXPECT_FALSE(mayBegin());
    EXPECT_EQ(page.nextTry(kProvider), now + kPolicy.failTimeout);
    EXPECT_FALSE(fail());
    EXPECT_TRUE(page.mayBegin(78, kPolicy, now)) << "another provider";
}

TEST_F(ProviderPageTest, ASuccessBetweenThemEndsTheRow) {
    fail();
    fail();
    EXPECT_FALSE(page.succeeded(kProvider));
    fail();
    EXPECT_FALSE(fail());
    EXPECT_TRUE(mayBegin());
}

TEST_F(ProviderPageTest, FailuresThatAreFarApartAreNoRow) {
    fail();
    fail();
    now += kPolicy.failTimeout;
    EXPECT_FALSE(fail());
    EXPECT_TRUE(mayBegin());
    now += kPolicy.failTimeout - 1;
    EXPECT_FALSE(fail());
    EXPECT_TRUE(fail());
}

TEST_F(ProviderPageTest, AfterAWhileOneJobAtATimeTriesIt) {
    failOften();
    now += kPolicy.failTimeout - 1;
    EXPECT_FALSE(mayBegin());
    now += 1;
    EXPECT_TRUE(mayBegin());
    EXPECT_FALSE(mayBegin());
    EXPECT_EQ(page.nextTry(kProvider), now + 1'000);
    now += kPolicy.failTimeout - 1;
    EXPECT_FALSE(mayBegin());
    EXPECT_EQ(page.nextTry(kProvider), now + 1);
    now += 1;
    EXPECT_TRUE(mayBegin()) << "nothing was heard of the first one";
    EXPECT_FALSE(mayBegin());
}

TEST_F(ProviderPageTest, WhenTheTrialFailsItIsLeftAloneAgain) {
    failOften();
    now += kPolicy.failTimeout;
    EXPECT_TRUE(mayBegin());
    now += 500;
    EXPECT_FALSE(fail()) << "nothing new";
    now += kPolicy.failTimeout - 1;
    EXPECT_FALSE(mayBegin());
    now += 1;
    EXPECT_TRUE(mayBegin());
}

TEST_F(ProviderPageTest, ASuccessLetsAllJobsThrough) {
    failOften();
    now += kPolicy.failTimeout;
    EXPECT_TRUE(mayBegin());
    EXPECT_TRUE(page.succeeded(kProvider)) << "told once";
    EXPECT_FALSE(page.succeeded(kProvider));
    EXPECT_TRUE(mayBegin());
    EXPECT_TRUE(mayBegin());
    EXPECT_EQ(page.nextTry(kProvider), 0u);
    EXPECT_FALSE(fail()) << "counted from the beginning";
}

TEST_F(ProviderPageTest, WithoutAPolicyNoProviderIsLeftAlone) {
    constexpr FailurePolicy kNever{0, 10'000};
    for (int fails = 0; fails < 10; ++fails) {
        EXPECT_FALSE(page.failed(kProvider, kNever, now));
    }
    EXPECT_TRUE(page.mayBegin(kProvider, kNever, now));
    failOften();
    EXPECT_TRUE(page.mayBegin(kProvider, kNever, now)) << "the policy of a reload counts at once";
}

TEST_F(ProviderPageTest, OneFailureMayBeEnough) {
    EXPECT_TRUE(page.failed(kProvider, {1, 10'000}, now));
    EXPECT_FALSE(page.mayBegin(kProvider, {1, 10'000}, now));
    EXPECT_TRUE(page.mayBegin(kProvider, {1, 0}, now));
}

/// A lock that nobody is to take.
class ForbiddenLock : public SharedLock {
public:
    void lock() noexcept override { EXPECT_TRUE(isAllowed); }
    void unlock() noexcept override {}
    bool isAllowed = true;
};

TEST_F(ProviderPageTest, WhereNothingFailsNobodyTakesTheLock) {
    ForbiddenLock forbidden;
    ProviderPage other(memory.data(), forbidden);
    fail();
    EXPECT_FALSE(page.succeeded(kProvider));
    forbidden.isAllowed = false;
    EXPECT_TRUE(other.mayBegin(kProvider, kPolicy, now));
    EXPECT_FALSE(other.succeeded(kProvider));
}

TEST_F(ProviderPageTest, TheProviderThatFailedLongestAgoMakesRoom) {
    for (std::uint64_t provider = 1; provider <= 128; ++provider, ++now) {
        page.failed(provider, {1, 10'000}, now);
    }
    page.failed(1, {1, 10'000}, now);
    page.failed(1'000, {1, 10'000}, ++now);
    EXPECT_FALSE(page.mayBegin(1, {1, 10'000}, now));
    EXPECT_TRUE(page.mayBegin(2, {1, 10'000}, now));
    EXPECT_FALSE(page.mayBegin(3, {1, 10'000}, now));
    EXPECT_FALSE(page.mayBegin(1'000, {1, 10'000}, now));
}

// --- assistants ---

TEST_F(ProviderPageTest, AnAssistantIsKnownUntilItIsForgotten) {
    EXPECT_EQ(assistant(), "none");
    set(kDefinition);
    EXPECT_EQ(assistant(), "asst_1");
    EXPECT_EQ(assistant(kDefinition + 1), "none");
    set(kDefinition, std::string(94, 'x'));
    EXPECT_EQ(assistant(), std::string(94, 'x'));
    page.forgetAssistant(kDefinition + 1);
    EXPECT_NE(assistant(), "none");
    page.forgetAssistant(kDefinition);
    EXPECT_EQ(assistant(), "none");
}

TEST_F(ProviderPageTest, OneJobSetsAnAssistantUp) {
    EXPECT_TRUE(claim(1, now + 5'000));
    EXPECT_FALSE(claim(2, now + 5'000));
    EXPECT_TRUE(claim(1, now + 6'000)) << "the same again";
    EXPECT_EQ(assistant(), "none");
    now += 5'999;
    EXPECT_FALSE(claim(2, now + 5'000));
    now += 1;
    EXPECT_TRUE(claim(2, now + 5'000));
    EXPECT_FALSE(claim(1, now + 5'000));
    EXPECT_TRUE(page.claimAssistant(kDefinition + 1, 1, now, now + 5'000));
}

TEST_F(ProviderPageTest, WithTheAssistantTheClaimEnds) {
    EXPECT_TRUE(claim(1, now + 5'000));
    set(kDefinition);
    EXPECT_TRUE(claim(2, now + 5'000));
    EXPECT_EQ(assistant(), "asst_1") << "until there is another one";
    page.forgetAssistant(kDefinition);
    EXPECT_FALSE(claim(1, now + 5'000));
}

TEST_F(ProviderPageTest, AJobThatFailsGivesItsClaimUp) {
    EXPECT_TRUE(claim(1, now + 5'000));
    page.releaseAssistant(kDefinition, 2);
    EXPECT_FALSE(claim(2, now + 5'000)) << "only its own";
    page.releaseAssistant(kDefinition, 1);
    EXPECT_TRUE(claim(2, now + 5'000));
    set(kDefinition);
    page.releaseAssistant(kDefinition, 2);
    EXPECT_EQ(assistant(), "asst_1");
    page.releaseAssistant(kDefinition + 1, 0);
}

TEST_F(ProviderPageTest, TheAssistantThatWasNotUsedForLongestMakesRoom) {
    for (std::uint64_t definition = 1; definition <= 256; ++definition, ++now) {
        set(definition, "asst_" + std::to_string(definition));
    }
    EXPECT_EQ(assistant(1), "asst_1");
    ++now;
    set(1'000);
    EXPECT_EQ(assistant(1), "asst_1");
    EXPECT_EQ(assistant(2), "none");
    EXPECT_EQ(assistant(3), "asst_3");
    ++now;
    EXPECT_TRUE(page.claimAssistant(1'001, 5, now, now + 5'000));
    EXPECT_EQ(assistant(3), "asst_3");
    EXPECT_EQ(assistant(4), "none");
    EXPECT_EQ(assistant(1'000), "asst_1");
}

// --- the memory ---

TEST_F(ProviderPageTest, WhatIsKnownOutlivesTheProcessAndAnotherLayoutDoesNot) {
    set(kDefinition);
    failOften();
    ProviderPage again(memory.data(), lock);
    EXPECT_TRUE(again.findAssistant(kDefinition, now));
    EXPECT_FALSE(again.mayBegin(kProvider, kPolicy, now));
    ++*static_cast<std::uint64_t*>(memory.data());
    ProviderPage later(memory.data(), lock);
    EXPECT_FALSE(later.findAssistant(kDefinition, now));
    EXPECT_TRUE(later.mayBegin(kProvider, kPolicy, now));
}

TEST_F(ProviderPageTest, NoBytesInTheMemoryCanHurtAWorkerForLong) {
    std::mt19937_64 random;
    auto* words = static_cast<std::uint64_t*>(memory.data());
    for (int round = 0; round < 200; ++round) {
        // Behind the first word, which would have all begun anew.
        for (std::size_t at = 1; at < ProviderPage::kBytes / sizeof(*words); ++at) {
            const std::uint64_t kinds[] = {random(),   random() % 5, now + random() % 20'000,
                                           UINT64_MAX, kProvider,    kDefinition};
            words[at] = kinds[random() % std::size(kinds)];
        }
        const std::string id = assistant();
        EXPECT_TRUE(id.size() <= 94 && id.find_first_of(" /?\"\n") == std::string::npos);
        page.nextTry(kProvider);
        if (random() % 2 == 0) {
            fail();
        }
        mayBegin();
        now += 5 * kPolicy.failTimeout;
        EXPECT_TRUE(mayBegin());
        page.succeeded(kProvider);
        if (!claim(9, now + 5'000)) {
            now += 600'000;
            EXPECT_TRUE(claim(9, now + 5'000));
        }
        set(kDefinition);
        EXPECT_EQ(assistant(), "asst_1");
    }
}

TEST_F(ProviderPageTest, WhatPretendsToBeUsedInTheFutureMakesRoomFirst) {
    std::memset(static_cast<char*>(memory.data()) + 8, 0x7f, memory.size() - 8);
    for (std::uint64_t definition = 1; definition <= 256; ++definition) {
        set(definition, "asst_" + std::to_string(definition));
    }
    for (std::uint64_t definition = 1; definition <= 256; ++definition) {
        EXPECT_EQ(assistant(definition), "asst_" + std::to_string(definition));
    }
}

// --- several processes ---

/// Two processes ask the same at the same time, again and again; one is to be told yes each time.
class Contest {
public:
    static constexpr std::uint64_t kRounds = 120;

    template <typename Ask>
    void hold(void* memory, Ask ask) {
        const pid_t children[] = {start([&] { contend(memory, 1, ask); }),
                                  start([&] { contend(memory, 2, ask); })};
        for (const pid_t child : children) {
            EXPECT_TRUE(endsWell(child));
        }
        for (std::uint64_t round = 0; round < kRounds; ++round) {
            ASSERT_EQ(shared().yes[round], 1u) << round;
        }
    }

private:
    struct Shared {
        std::atomic<pid_t> holder;
        std::atomic<std::uint64_t> arrived;
        std::atomic<std::uint64_t> yes[kRounds];
    };

    template <typename Ask>
    void contend(void* memory, std::uint64_t job, Ask ask) {
        PidLock lock(shared().holder);
        ProviderPage page(memory, lock);
        for (std::uint64_t round = 0; round < kRounds; ++round) {
            ++shared().arrived;
            while (shared().arrived < 2 * (round + 1)) {
                sched_yield();
            }
            shared().yes[round] += ask(page, job, round) ? 1 : 0;
        }
    }

    Shared& shared() { return *static_cast<Shared*>(memory_.data()); }

    SharedMemory memory_{sizeof(Shared)};
};

TEST_F(ProviderPageTest, OfTwoProcessesOneTriesTheProvider) {
    failOften();
    Contest().hold(memory.data(), [](ProviderPage& mine, std::uint64_t, std::uint64_t round) {
        return mine.mayBegin(kProvider, kPolicy, kStart + (round + 1) * kPolicy.failTimeout);
    });
}

TEST_F(ProviderPageTest, OfTwoProcessesOneLearnsThatAProviderIsLeftAlone) {
    Contest().hold(memory.data(), [](ProviderPage& mine, std::uint64_t, std::uint64_t round) {
        return mine.failed(round + 1, {2, 10'000}, kStart);
    });
}

TEST_F(ProviderPageTest, OfTwoProcessesOneSetsTheAssistantUp) {
    Contest().hold(memory.data(), [](ProviderPage& mine, std::uint64_t job, std::uint64_t round) {
        return mine.claimAssistant(round + 1, job, kStart, kStart + 5'000);
    });
}

#ifdef EDGERUN_CRASH_POINTS

TEST_F(ProviderPageTest, AfterADeathAnywhereNothingIsHalf) {
    ForcedLock forced;
    bool hasDied = true;
    std::uint64_t passage = 1;
    for (; hasDied; ++passage) {
        std::memset(memory.data(), 0, memory.size());
        hasDied = !survives(passage, [&] {
            ProviderPage mine(memory.data(), forced);
            mine.claimAssistant(kDefinition, 1, kStart, kStart + 5'000);
            mine.setAssistant(kDefinition, idOf("asst_first"), kStart);
            mine.setAssistant(kDefinition, idOf("asst_the_second"), kStart);
            for (int fails = 0; fails < 3; ++fails) {
                mine.failed(kProvider, kPolicy, kStart);
            }
        });
        ProviderPage next(memory.data(), forced);
        const auto id = next.findAssistant(kDefinition, kStart);
        EXPECT_TRUE(!id || id->view() == "asst_first" || id->view() == "asst_the_second");
        EXPECT_TRUE(next.claimAssistant(kDefinition, 2, kStart + 5'000, kStart + 9'000));
        next.failed(kProvider, kPolicy, kStart);
        next.mayBegin(kProvider, kPolicy, kStart + 10'000);
        EXPECT_TRUE(next.mayBegin(kProvider, kPolicy, kStart + 20'000));
    }
    EXPECT_GT(passage, 8u);
}

TEST_F(ProviderPageTest, WhoDiesMakingRoomLeavesNoAssistantUnderAnothersName) {
    ForcedLock forced;
    bool hasDied = true;
    for (std::uint64_t passage = 1; hasDied; ++passage) {
        for (std::uint64_t definition = 1; definition <= 256; ++definition) {
            set(definition, "asst_" + std::to_string(definition));
        }
        hasDied = !survives(passage, [&] {
            ProviderPage(memory.data(), forced).setAssistant(1'000, idOf("asst_1000"), kStart + 1);
        });
        for (std::uint64_t definition = 1; definition <= 256; ++definition) {
            const std::string id = assistant(definition);
            EXPECT_TRUE(id == "none" || id == "asst_" + std::to_string(definition)) << id;
        }
        page.forgetAssistant(1'000);
    }
}

#endif

}  // namespace

}  // namespace edgerun::store
