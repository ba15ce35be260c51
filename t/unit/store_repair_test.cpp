#include <gtest/gtest.h>

#include <cstddef>
#include <random>

#include "../../src/store/arena_layout.h"
#include "edgerun/store/job_arena.h"
#include "store_arena_fixture.h"
#include "store_index_check.h"

namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;
using Commit = JobArena::Commit;

class RepairTest : public ArenaTest {
protected:
    RepairTest() : layout(*viewMemory(memory.data(), memory.size(), arena->limits())) {}

    /// As if the lock's last holder had died while it changed something.
    void repair() {
        layout.header->mutating = 1;
        arena->gauges();
    }

    std::string describeGauges() {
        const ArenaGauges g = arena->gauges();
        return std::to_string(g.slotsFree) + " slots, " + std::to_string(g.blocksFree) +
               " blocks free, " + std::to_string(g.live) + " live, " + std::to_string(g.finished) +
               " finished";
    }

    JobState& state(const JobRef& ref) {
        ArenaSlot& slot = layout.slots[ref.slot];
        return slot.states[slot.current];
    }

    ArenaView layout;
    std::vector<JobRef> refs;
};

TEST_F(RepairTest, AnArenaIsRepairedOnceWhenAWorkerDiedInside) {
    repair();
    EXPECT_EQ(arena->gauges().repairs, 1u);
    EXPECT_EQ(arena->gauges().repairs, 1u);
}

TEST_F(RepairTest, ARepairChangesNothingInASoundArena) {
    refs.push_back(accept(1, 10, std::string(5000, 'r')));
    refs.push_back(accept(2, 20));
    refs.push_back(accept(3, 30));
    finish(refs[2], 40);
    finish(refs[1], 50);
    const std::string before = describeGauges();
    repair();
    EXPECT_EQ(describeGauges(), before);
    EXPECT_EQ(arena->loadRequest(refs[0]), std::string(5000, 'r'));
    for (const std::uint64_t number : {1, 2, 3}) {
        EXPECT_TRUE(exists(number, 60)) << number;
    }
    EXPECT_TRUE(exists(2, 60));
    EXPECT_EQ(body, "finished");
}

TEST_F(RepairTest, WithoutItsIndexAndFreeListsTheArenaIsTheSameAfterARepair) {
    refs.push_back(accept(1, 10, std::string(5000, 'r')));
    finish(accept(2, 20), 30);
    const std::string before = describeGauges();
    std::memset(layout.idBuckets, 0x5a, layout.bucketCount * 4);
    std::memset(layout.ownerBuckets, 0x5a, layout.bucketCount * 4);
    std::memset(layout.liveBuckets, 0x5a, layout.bucketCount * 4);
    std::memset(layout.keyBuckets, 0x5a, layout.bucketCount * 4);
    ArenaHeader& header = *layout.header;
    header.freeSlot = header.freeBlock = header.finishedHead = header.finishedTail = 12345;
    header.slotsFree = header.blocksFree = header.live = header.finished = header.open = 999;
    header.owed = header.finishedBlocks = header.continuing = 999;
    repair();
    EXPECT_EQ(describeGauges(), before);
    EXPECT_TRUE(exists(1, 40));
    EXPECT_TRUE(exists(2, 40));
    EXPECT_EQ(arena->expire(1030, 9), 1u);
    IndexCheck(memory.data(), memory.size(), *arena).expectSound();
}

TEST_F(RepairTest, FinishedJobsKeepTheirOrder) {
    for (std::uint64_t number = 0; number < 6; ++number) {
        refs.push_back(accept(number));
    }
    for (const std::size_t at : {4, 0, 5, 2, 1, 3}) {
        finish(refs[at], 10 * (at * 5 % 6));  // finished at 20, 0, 10, 40, 50, 30
    }
    repair();
    const std::uint64_t byAge[] = {0, 5, 4, 3, 2, 1};
    for (std::uint64_t at = 0; at < 6; ++at) {
        EXPECT_EQ(arena->expire(1000 + 10 * at, 9), 1u);
        EXPECT_EQ(arena->gauges().finished, 5 - at);
        for (std::uint64_t other = 0; other < 6; ++other) {
            EXPECT_EQ(exists(byAge[other]), other > at) << at << " " << other;
        }
    }
}

TEST_F(RepairTest, AnImpossibleStateIsDroppedAndTheOthersStay) {
    using Damage = void (*)(JobState&);
    const Damage damages[] = {
        [](JobState& s) { s.record.phase = static_cast<Phase>(200); },
        [](JobState& s) { s.record.status = static_cast<JobStatus>(6); },
        [](JobState& s) { std::memset(&s.record.ownsThread, 2, 1); },
        [](JobState& s) { std::memset(&s.record.queryCut, 0xff, 1); },
        [](JobState& s) { std::memset(&s.record.erased, 2, 1); },
        [](JobState& s) { std::memset(&s.record.guarantee, 3, 1); },
        [](JobState& s) { std::memset(&s.record.keepsRequest, 2, 1); },
        [](JobState& s) { std::memset(&s.record.isThreadGone, 2, 1); },
        [](JobState& s) { std::memset(&s.record.isForeground, 2, 1); },
        [](JobState& s) { std::memset(&s.record.isAssistantNew, 2, 1); },
        [](JobState& s) { std::memset(&s.record.hadNoRun, 2, 1); },
        [](JobState& s) { std::memset(&s.record.oddStatusNoted, 2, 1); },
        [](JobState& s) { s.record.phase = static_cast<Phase>(int(run::kLastPhase) + 1); },
        [](JobState& s) { std::memset(&s.isHidden, 2, 1); },
        [](JobState& s) { std::memset(&s.hasTurn, 2, 1); },
        [](JobState& s) { s.stepsAt = s.body.length; },
        [](JobState& s) { s.body.head = kNone; },
        [](JobState& s) { s.body.head = 1 << 30; },
        [](JobState& s) { s.body.length = 1 << 30; },
        [](JobState& s) { s.body.length = 0; },
        [](JobState& s) { s.body.length += 1016; },
        [](JobState& s) { s.request.length -= 1016; },
        [](JobState& s) { s.request.head = s.body.head; },
        [](JobState& s) { s.request = s.body; },
        [](JobState& s) { s.expiresAt = 77; },
    };
    for (const Damage damage : damages) {
        const ArenaGauges before = arena->gauges();
        const JobRef good = accept(1);
        const JobRef bad = accept(2, 0, std::string(3000, 'r'));
        const JobRef last = accept(3);
        damage(state(bad));
        repair();
        EXPECT_TRUE(arena->load(good));
        EXPECT_TRUE(arena->load(last));
        EXPECT_FALSE(arena->load(bad)) << &damage - damages;
        EXPECT_FALSE(exists(2));
        finish(good);
        finish(last);
        arena->expire(1000, 9);
        EXPECT_EQ(arena->gauges().blocksFree, before.blocksFree);
        EXPECT_EQ(arena->gauges().slotsFree, before.slotsFree);
    }
}

TEST_F(RepairTest, OfTwoJobsThatShareABlockOneStays) {
    const JobRef first = accept(1);
    const JobRef second = accept(2);
    state(second).body = state(first).body;
    repair();
    EXPECT_TRUE(exists(1));
    EXPECT_FALSE(exists(2));
    EXPECT_TRUE(arena->load(first));
}

TEST_F(RepairTest, ATornOrCyclicChainIsDropped) {
    using Target = std::uint32_t (*)(const ArenaView&, std::uint32_t head);
    const Target targets[] = {
        [](const ArenaView&, std::uint32_t head) { return head; },
        [](const ArenaView& v, std::uint32_t head) { return v.blocks[v.blocks[head].next].next; },
        [](const ArenaView&, std::uint32_t) { return std::uint32_t{100}; },
        [](const ArenaView&, std::uint32_t) { return std::uint32_t{1} << 30; },
        [](const ArenaView&, std::uint32_t) { return kNone; },
    };
    for (const Target target : targets) {
        const JobRef bad = accept(1, 0, "", std::string(3000, 'x'));
        const std::uint32_t head = state(bad).body.head;
        layout.blocks[head].next = target(layout, head);
        repair();
        EXPECT_FALSE(exists(1));
        EXPECT_EQ(arena->gauges().blocksFree, arena->gauges().blocks);
    }
}

TEST_F(RepairTest, ALinkIntoAnotherJobIsNoticedByTheReader) {
    const JobRef first = accept(1, 0, "", std::string(3000, 'x'));
    accept(2, 0, "", std::string(3000, 's'));
    layout.blocks[state(first).body.head].next = state({1, 0, 0}).body.head;
    EXPECT_FALSE(exists(1));
    EXPECT_TRUE(exists(2));
    EXPECT_EQ(arena->gauges().repairs, 1u);
    EXPECT_FALSE(arena->load(first));
}

TEST_F(RepairTest, JobsOfAnyOwnerCanBeAdoptedAfterARepair) {
    accept(1);
    const WorkerPlace other = *arena->registerWorker(1, 9000);
    std::uint32_t cursor = 0;
    std::vector<JobRef> taken;
    arena->adopt(other, 0, cursor, 10, taken);
    // Its leave was cut short: the place is vacant, but nobody was told.
    layout.header->workers[place.index].isTaken = 0;
    layout.header->mutating = 1;
    arena->adopt(other, 0, cursor, 10, taken);
    EXPECT_EQ(taken.size(), 1u);
}

/// Calls everything, with refs and ids that exist, existed and never did.
class Caller {
public:
    Caller(JobArena& arena, const WorkerPlace& place, std::vector<JobRef>& refs,
           std::mt19937& random)
        : arena_(arena), place_(place), refs_(refs), random_(random) {}

    void useEverything() {
        for (std::uint64_t number = 0; number < 40; ++number) {
            now_ = random_() % 3000;
            text_.assign(random_() % 5 == 0 ? random_() % 16000 : random_() % 50, 't');
            acceptAny();
            look(idNumber(number));
            workOn(anyRef());
            order(idNumber(random_() % 40));
            arena_.expire(now_, 3);
            arena_.gauges();
        }
    }

private:
    const JobRef& anyRef() { return refs_[random_() % refs_.size()]; }

    IdempotencyKey anyKey() {
        IdempotencyKey key;
        key.digest[3] = static_cast<std::uint8_t>(random_() % 20);
        return key;
    }

    void acceptAny() {
        const JobId id = idNumber(random_() % 40);
        NewJob job{id, owner_, recordInThread(JobStatus::Pending), text_, "body", anyKey(), 30};
        job.isHidden = random_() % 3 == 0;
        refs_.push_back(arena_.accept(place_, job, now_).ref);
    }

    void look(const JobId& id) {
        char buffer[20000];
        arena_.read(id, owner_, now_, buffer, sizeof(buffer));
        arena_.read(id, owner_, now_, buffer, sizeof(buffer), Steps::With);
        arena_.providerOfThread(owner_, "thread");
        arena_.findKey(anyKey(), now_);
        arena_.list(owner_, id, std::nullopt, 5, now_);
        arena_.list(owner_, std::nullopt, JobStatus::Completed, 50, now_);
        watch_ = arena_.watch(id, owner_).value_or(watch_);
        arena_.hasChanged(watch_);
        arena_.hasChanged({cursor_ * 7, cursor_, cursor_});
    }

    void workOn(const JobRef& ref) {
        arena_.load(ref);
        arena_.loadWhole(ref);
        arena_.idOf(ref);
        arena_.loadRequest(ref);
        arena_.publish(ref);
        arena_.takeTurn(ref);
        arena_.isThreadWanted(ref);
        arena_.loadThreadMemory(ref);
        arena_.commit(ref, {recordInThread(JobStatus::Running), text_, anySize(), text_}, now_);
        arena_.commit(anyRef(), {recordInThread(JobStatus::Completed)}, now_);
        arena_.commit(anyRef(), {finishedRecord()}, now_);
        arena_.commit(anyRef(), {erased(Phase::CancelRun)}, now_);
        arena_.commit(anyRef(), {erased(Phase::Done)}, now_);
        arena_.withdraw(anyRef());
        std::vector<JobRef> taken;
        arena_.adopt(place_, 0, cursor_, 5, taken);
        refs_.insert(refs_.end(), taken.begin(), taken.end());
    }

    void order(const JobId& id) {
        refs_.push_back(arena_.seize(place_, id, owner_).ref);
        arena_.erase(idNumber(random_() % 40), owner_);
        auto whole = arena_.snapshot(id);
        if (whole) {
            whole->id = idNumber(random_() % 40);
            arena_.restore(*whole, now_, now_ + 500);
        }
    }

    std::uint32_t anySize() { return static_cast<std::uint32_t>(random_() % 50); }

    const run::Record& recordInThread(JobStatus status) {
        const bool isDone = run::isFinal(status) && random_() % 2 == 0;
        inThread_ = recordOf(status, isDone ? Phase::Done : Phase::CancelRun);
        inThread_.keepsRequest = random_() % 2 == 0;
        inThread_.threadId.assign(random_() % 2 == 0 ? "thread" : "");
        return inThread_;
    }

    static run::Record erased(Phase phase) {
        run::Record record = recordOf(JobStatus::Cancelled, phase);
        record.erased = true;
        return record;
    }

    JobArena& arena_;
    WorkerPlace place_;
    std::vector<JobRef>& refs_;
    std::mt19937& random_;
    const JobOwner owner_ = ownerNumber(1);
    run::Record inThread_;
    std::uint64_t now_ = 0;
    std::string text_;
    std::uint32_t cursor_ = random_();
    JobWatch watch_;
};

void useEverything(JobArena& arena, const WorkerPlace& place, std::vector<JobRef>& refs,
                   std::mt19937& random) {
    Caller(arena, place, refs, random).useEverything();
}

/// What must hold after any repair, whatever the memory held before.
void expectSound(JobArena& arena, const ArenaView& layout) {
    layout.header->mutating = 1;
    const ArenaGauges g = arena.gauges();
    std::uint32_t jobs = 0;
    std::uint32_t blocks = 0;
    for (std::uint32_t index = 0; index < layout.header->slotsTouched; ++index) {
        const ArenaSlot& slot = layout.slots[index];
        if (slot.inUse == kSlotInUse) {
            ++jobs;
            blocks += (currentState(slot).body.length + 1015) / 1016;
            blocks += (currentState(slot).request.length + 1015) / 1016;
        }
    }
    EXPECT_EQ(g.slotsFree + jobs, g.slots);
    EXPECT_EQ(g.blocksFree + blocks, g.blocks);
    EXPECT_EQ(g.live + g.finished, jobs);
    layout.header->mutating = 1;
    EXPECT_EQ(arena.gauges().blocksFree, g.blocksFree) << "a second repair finds nothing more";
    IndexCheck(layout.header, layout.header->bytes, arena).expectSound();
}

using Scribble = void (*)(char* memory, std::size_t length, std::mt19937& random);

void scribbleEverywhere(char* memory, std::size_t length, std::mt19937& random) {
    for (std::size_t at = 0; at < length; ++at) {
        memory[at] = static_cast<char>(random());
    }
}

void scribbleSomeBytes(char* memory, std::size_t length, std::mt19937& random) {
    for (int count = 0; count < 200; ++count) {
        memory[random() % length] = static_cast<char>(random());
    }
}

/// Small numbers look like indices.
void scribbleIndices(char* memory, std::size_t length, std::mt19937& random) {
    for (int count = 0; count < 500; ++count) {
        const std::uint32_t value = random() % 200;
        std::memcpy(memory + random() % (length / 4) * 4, &value, sizeof(value));
    }
}

class FuzzTest : public RepairTest, public testing::WithParamInterface<Scribble> {};

TEST_P(FuzzTest, NoBytesBehindTheHeaderCanHurtAWorker) {
    for (std::uint32_t round = 0; round < 60; ++round) {
        std::mt19937 random(round);
        ASSERT_TRUE(JobArena::format(memory.data(), memory.size(), {1000, 16384}, testSecret()));
        place = *arena->registerWorker(1, 1'000'000);
        refs.clear();
        useEverything(*arena, place, refs, random);
        char* begin = reinterpret_cast<char*>(layout.slots);
        GetParam()(begin, static_cast<std::size_t>(memory.data() + memory.size() - begin), random);
        layout.header->mutating = round % 2;
        useEverything(*arena, place, refs, random);
        expectSound(*arena, layout);
    }
}

TEST_P(FuzzTest, NorCanTheHeadersOwnBookkeeping) {
    for (std::uint32_t round = 0; round < 60; ++round) {
        std::mt19937 random(round);
        ASSERT_TRUE(JobArena::format(memory.data(), memory.size(), {1000, 16384}, testSecret()));
        place = *arena->registerWorker(1, 1'000'000);
        refs.clear();
        useEverything(*arena, place, refs, random);
        char* begin = memory.data() + offsetof(ArenaHeader, mutating);
        GetParam()(begin, sizeof(ArenaHeader) - offsetof(ArenaHeader, mutating), random);
        useEverything(*arena, place, refs, random);
        expectSound(*arena, layout);
    }
}

INSTANTIATE_TEST_SUITE_P(Scribbles, FuzzTest,
                         testing::Values(scribbleEverywhere, scribbleSomeBytes, scribbleIndices));

}  // namespace

}  // namespace edgerun::store
