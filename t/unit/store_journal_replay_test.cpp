#include "edgerun/store/journal_replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "store_journal_replay_fixture.h"

namespace edgerun::store {

namespace {

using Kind = JournalKind;
using run::Phase;

TEST_F(JournalReplayTest, AJobIsWhatItsNewestRecordsSay) {
    replayRecords({
        {Kind::Whole, 1, 0, Phase::CreateThread, "created", 10},
        {Kind::Step, 1, 1, Phase::CreateRun, {}, 20},
        {Kind::Step, 1, 2, Phase::PollRun, "running", 30},
        {Kind::Step, 1, 5, Phase::ListMessages, {}, 40},
    });
    const auto found = find();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->job.id, journalId(1));
    EXPECT_EQ(found->job.fence, 1U);
    EXPECT_EQ(found->job.revision, 5U);
    EXPECT_EQ(found->job.record.phase, Phase::ListMessages);
    EXPECT_EQ(found->job.body, "running");
    EXPECT_EQ(found->job.request, "request of fence 1");
    EXPECT_EQ(found->job.owner, fullJob(1).owner);
    EXPECT_EQ(found->job.key.digest, fullJob(1).key.digest);
    EXPECT_EQ(found->written.monotonic, 40U);
    EXPECT_EQ(found->written.wall, 40);
    EXPECT_EQ(replayed->records(), 4U);
}

TEST_F(JournalReplayTest, TheOrderOfRecordsDoesNotCount) {
    std::vector<Said> records = {
        {Kind::Whole, 1, 0, Phase::CreateThread, "first"},
        {Kind::Step, 1, 9, Phase::PollRun, "late words of the former owner"},
        {Kind::Whole, 2, 3, Phase::CreateRun, "taken over"},
        {Kind::Step, 2, 4, Phase::FindRun},
        {Kind::Step, 2, 5, Phase::PollRun, "running"},
        {Kind::Step, 2, 6, Phase::ListMessages},
    };
    std::mt19937 random(1);
    for (int round = 0; round < 50; ++round) {
        std::shuffle(records.begin(), records.end(), random);
        const std::size_t half = records.size() / 2;
        const std::vector<Said> first(records.begin(), records.begin() + half);
        const std::vector<Said> second(records.begin() + half, records.end());
        replay({framesOf(first), framesOf(second)});
        const auto found = find();
        ASSERT_TRUE(found);
        ASSERT_EQ(found->job.fence, 2U);
        ASSERT_EQ(found->job.revision, 6U);
        ASSERT_EQ(found->job.record.phase, Phase::ListMessages);
        ASSERT_EQ(found->job.body, "running");
        ASSERT_EQ(found->job.request, "request of fence 2");
    }
}

TEST_F(JournalReplayTest, AHigherFenceCountsMoreThanAHigherRevision) {
    replayRecords({
        {Kind::Whole, 2, 0, Phase::CreateRun, "new"},
        {Kind::Step, 1, 100, Phase::PollRun, "old"},
    });
    EXPECT_EQ(find()->job.record.phase, Phase::CreateRun);
    EXPECT_EQ(find()->job.body, "new");
    replayRecords({
        {Kind::Whole, 1, 7, Phase::CreateRun, "old"},
        {Kind::Step, 2, 0, Phase::PollRun, "new"},
    });
    EXPECT_EQ(find()->job.fence, 2U);
    EXPECT_EQ(find()->job.revision, 0U);
    EXPECT_EQ(find()->job.body, "new");
}

TEST_F(JournalReplayTest, OfEqualsTheLaterOneCounts) {
    replayRecords({
        {Kind::Whole, 1, 0, Phase::CreateThread, "created"},
        {Kind::Step, 1, 1, Phase::AddMessage, "first try"},
        {Kind::Step, 1, 1, Phase::CreateRun, "second try"},
    });
    EXPECT_EQ(find()->job.record.phase, Phase::CreateRun);
    EXPECT_EQ(find()->job.body, "second try");
}

TEST_F(JournalReplayTest, AWholeReplacesTheBodyEvenIfItHasNone) {
    replayRecords({
        {Kind::Step, 1, 1, Phase::PollRun, "running"},
        {Kind::Whole, 2, 0, Phase::CancelRun},
    });
    EXPECT_EQ(find()->job.body, "");
}

TEST_F(JournalReplayTest, ABodyMayBecomeEmpty) {
    replayRecords({
        {Kind::Whole, 1, 0, Phase::CreateThread, "created"},
        {Kind::Step, 1, 1, Phase::PollRun, ""},
    });
    EXPECT_EQ(find()->job.body, "");
}

TEST_F(JournalReplayTest, GoneIsGoneWhateverElseIsSaid) {
    for (const bool isFirst : {true, false}) {
        std::vector<std::string> files = {
            frameOf({Kind::Gone, 0, 0, Phase::Done, {}, 5}),
            framesOf({{Kind::Whole, 1, 0, Phase::CreateThread, "created", 9},
                      {Kind::Step, 9, 9, Phase::PollRun, "running", 9}})};
        if (!isFirst) {
            std::swap(files[0], files[1]);
        }
        replay(files);
        EXPECT_FALSE(find());
        EXPECT_TRUE(replayed->jobs().empty());
        ASSERT_EQ(replayed->gone().size(), 1U);
        EXPECT_EQ(replayed->gone()[0].id, journalId(1));
    }
}

TEST_F(JournalReplayTest, OfSeveralGoneTheNewestTimeCounts) {
    replayRecords({{Kind::Gone, 0, 0, Phase::Done, {}, 5},
                   {Kind::Gone, 0, 0, Phase::Done, {}, 9},
                   {Kind::Gone, 0, 0, Phase::Done, {}, 7}});
    EXPECT_EQ(replayed->gone()[0].time.wall, 9);
}

TEST_F(JournalReplayTest, WithoutItsFirstRecordAJobIsListedButNotFound) {
    replayRecords({{Kind::Step, 1, 1, Phase::PollRun, "running"}});
    EXPECT_EQ(replayed->jobs().size(), 1U);
    EXPECT_FALSE(find());
    EXPECT_FALSE(replayed->find(journalId(2)));
}

TEST_F(JournalReplayTest, JobsAreListedOldestFirst) {
    std::string frames;
    for (const std::uint8_t number : {7, 3, 9, 1, 8}) {
        frames += frameOf({Kind::Whole, 1}, journalId(number));
    }
    replay({frames});
    EXPECT_EQ(replayed->jobs(),
              (std::vector{journalId(1), journalId(3), journalId(7), journalId(8), journalId(9)}));
}

TEST_F(JournalReplayTest, AFinalJobHasNoRequestAndAnErasedOneNoBody) {
    std::string frames = frameOf({Kind::Whole, 1, 0, Phase::CreateThread, "created"});
    run::Record record;
    record.status = run::JobStatus::Completed;
    appendStep(frames, journalId(1), 1, 1, {record, "answer"}, {});
    replay({frames});
    EXPECT_EQ(find()->job.request, "");
    EXPECT_EQ(find()->job.body, "answer");
    record.erased = true;
    appendStep(frames, journalId(1), 1, 2, {record}, {});
    replay({frames});
    EXPECT_EQ(find()->job.body, "");
}

TEST_F(JournalReplayTest, TheNewestRequestAndTheNewestBodyCount) {
    const run::Record record;
    const std::string whole = frameOf({Kind::Whole, 1, 0, Phase::CreateThread, "created"});
    const std::string work = stepFrame(1, {record, std::nullopt, 0, "work"});
    const std::string body = stepFrame(2, {record, "running", 4});
    const std::string both = stepFrame(3, {record, "answer", 2, ""});
    const std::string none = stepFrame(4, {record});
    replay({whole + work});
    EXPECT_EQ(find()->job.request, "work");
    EXPECT_EQ(find()->job.body, "created");
    EXPECT_EQ(find()->job.stepsAt, fullJob(1).stepsAt);
    replay({body + work, whole});
    EXPECT_EQ(find()->job.request, "work");
    EXPECT_EQ(find()->job.body, "running");
    EXPECT_EQ(find()->job.stepsAt, 4U);
    replay({none + both, body + whole + work});
    EXPECT_EQ(find()->job.request, "");
    EXPECT_EQ(find()->job.body, "answer");
    EXPECT_EQ(find()->job.stepsAt, 2U);
    EXPECT_EQ(find()->job.revision, 4U);
    replay({whole + both + frameOf({Kind::Whole, 2, 0, Phase::CreateThread, "taken over"})});
    EXPECT_EQ(find()->job.request, "request of fence 2");
    EXPECT_EQ(find()->job.body, "taken over");
}

TEST_F(JournalReplayTest, AFinalJobHasTheRequestThatItKeeps) {
    run::Record record;
    record.status = run::JobStatus::Completed;
    record.keepsRequest = true;
    const std::string whole = frameOf({Kind::Whole, 1, 0, Phase::CreateThread, "created"});
    const std::string end = stepFrame(1, {record, "answer", 0, "memory"});
    replay({whole + end});
    EXPECT_EQ(find()->job.request, "memory");
    record.keepsRequest = false;
    replay({whole + end + stepFrame(2, {record})});
    EXPECT_EQ(find()->job.request, "");
    EXPECT_EQ(find()->job.body, "answer");
}

TEST_F(JournalReplayTest, AnErasedJobHasNoSteps) {
    run::Record record;
    record.erased = true;
    replay({frameOf({Kind::Whole, 1, 0, Phase::CreateThread, "created"}) + stepFrame(1, {record})});
    EXPECT_EQ(find()->job.stepsAt, 0U);
}

TEST_F(JournalReplayTest, ATornEndIsNoFault) {
    const std::string whole = frameOf({Kind::Whole, 1, 0, Phase::CreateRun, "created"});
    const std::string step = frameOf({Kind::Step, 1, 1, Phase::PollRun, "running"});
    for (std::size_t kept = 0; kept < step.size(); ++kept) {
        replay({whole + step.substr(0, kept) + std::string(100, '\0')});
        ASSERT_TRUE(find());
        ASSERT_EQ(find()->job.body, "created");
        ASSERT_EQ(replayed->records(), 1U);
        ASSERT_LE(replayed->torn(), kept);
    }
    replay({whole + step + std::string(100, '\0')});
    EXPECT_EQ(replayed->torn(), 0U);
    EXPECT_EQ(find()->job.body, "running");
    replay({whole + "torn" + std::string(100, '\0'), step + std::string(9, '\0') + 'x'});
    EXPECT_EQ(replayed->torn(), 4U + 10U);
    EXPECT_EQ(find()->job.body, "running");
}

TEST_F(JournalReplayTest, NoFlippedBitGivesAWrongJob) {
    const std::string whole = frameOf({Kind::Whole, 1, 0, Phase::CreateRun, "created"});
    const std::string frames = whole + frameOf({Kind::Step, 1, 1, Phase::PollRun, "running"});
    const std::string header = encodeSegmentHeader({1, 7, 1, 0});
    const Segment segment = putSegment({1, 7, 1, 0}, frames);
    std::fstream file(segment.path, std::ios::binary | std::ios::in | std::ios::out);
    const auto setByte = [&](std::size_t at, int byte) {
        file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(byte)).flush();
    };
    const std::string all = header + frames;
    for (std::size_t bit = 0; bit < 8 * all.size(); ++bit) {
        setByte(bit / 8, all[bit / 8] ^ 1 << bit % 8);
        JournalReplay replay;
        const bool isRead = replay.add(segment);
        const auto found = replay.find(journalId(1));
        ASSERT_EQ(isRead, bit / 8 >= header.size()) << bit;
        ASSERT_EQ(found.has_value(), bit / 8 >= header.size() + whole.size()) << bit;
        ASSERT_TRUE(!found || found->job.body == "created") << bit;
        setByte(bit / 8, all[bit / 8]);
    }
}

TEST_F(JournalReplayTest, WhatCannotBeReadIsSaid) {
    JournalReplay replay;
    EXPECT_FALSE(replay.add({directory + "/none", {}, 0}));
    put("empty", "");
    EXPECT_FALSE(replay.add({directory + "/empty", {}, 0}));
    put("foreign", std::string(1000, 'x'));
    EXPECT_FALSE(replay.add({directory + "/foreign", {}, 0}));
    EXPECT_EQ(replay.records(), 0U);
}

// --- times ---

struct Moved {
    std::uint64_t time, written, now, expected;
};

TEST(JournalTimesTest, WhatWasLeftIsLeftNow) {
    constexpr std::uint64_t kMost = UINT64_MAX;
    constexpr Moved kMoves[] = {
        {0, 1000, 50, 0},
        {1500, 1000, 50, 550},
        {1000, 1000, 50, 50},
        {970, 1000, 50, 20},
        {950, 1000, 50, 1},
        {1, 1000, 50, 1},
        {1000, 1000, 0, 1},
        {1500, 1000, 1'000'000, 1'000'500},
        {970, 1000, 1'000'000, 999'970},
        {kMost, 1000, 50, kMost - 950},
        {kMost, 0, 50, kMost},
        {1, kMost, 50, 1},
        {kMost, kMost, kMost, kMost},
    };
    for (const Moved& moved : kMoves) {
        for (const auto member :
             {&run::Record::deadline, &run::Record::notBefore, &run::Record::intentAt}) {
            run::Record record;
            record.*member = moved.time;
            moveTimes(record, moved.written, moved.now);
            EXPECT_EQ(record.*member, moved.expected)
                << moved.time << ' ' << moved.written << ' ' << moved.now;
        }
    }
}

TEST(JournalTimesTest, AFinishedJobHasWhatIsLeftOfItsTime) {
    constexpr std::int64_t kNow = 1'800'000'000'000;
    struct Case {
        std::int64_t completed;
        std::uint64_t left;
    };
    for (const Case& one : {Case{kNow, 60},
                            {kNow - 59, 1},
                            {kNow - 60, 0},
                            {kNow + 1, 60},
                            {0, 0},
                            {INT64_MIN, 0},
                            {INT64_MAX, 60}}) {
        run::Record record;
        record.completedWall = one.completed;
        EXPECT_EQ(timeLeft(record, 60, kNow), one.left) << one.completed;
    }
}

TEST(JournalTimesTest, AJobIsAsOldAsTheWallClockSays) {
    constexpr std::int64_t kNow = 1'800'000'000'000;
    struct Case {
        std::int64_t created;
        std::uint64_t accepted;
    };
    for (const Case& one : {Case{kNow, 900},
                            {kNow - 100, 800},
                            {kNow - 901, 0},
                            {kNow + 1, 900},
                            {INT64_MIN, 0},
                            {INT64_MAX, 900}}) {
        run::Record record;
        record.createdWall = one.created;
        EXPECT_EQ(acceptedAt(record, {900, kNow}), one.accepted) << one.created;
    }
}

TEST(JournalTimesTest, TimesForDisplayStay) {
    run::Record record = fullRecord();
    record.deadline = record.notBefore = record.intentAt = 0;
    const std::string before = bytesOf(record);
    moveTimes(record, 1000, 5000);
    EXPECT_EQ(bytesOf(record), before);
}

}  // namespace

}  // namespace edgerun::store
