#include "edgerun/store/journal_record.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#include "store_journal_fixture.h"

namespace edgerun::store {

namespace {

constexpr std::size_t kFrame = 8;
constexpr std::size_t kHead = 46;

std::string wholeOf(const JobSnapshot& job) {
    std::string frames;
    appendWhole(frames, job, {5000, 1'800'000'000'000});
    return frames;
}

/// A frame whose numbers are right, around any payload.
std::string frameOf(std::string_view payload) {
    const auto length = static_cast<std::uint32_t>(payload.size());
    const auto crc = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(payload.data()), length));
    std::string frame(kFrame, '\0');
    std::memcpy(&frame[0], &length, 4);
    std::memcpy(&frame[4], &crc, 4);
    return frame.append(payload);
}

std::string headBytes(JournalKind kind) {
    std::string head(kHead, '\0');
    head[0] = static_cast<char>(kind);
    return head;
}

/// A Step with these bytes for its fields.
std::optional<JournalStep> stepOf(std::string_view fields) {
    return decodeStep(viewOf(frameOf(headBytes(JournalKind::Step).append(fields))));
}

std::string fieldOf(int tag, std::string_view bytes) {
    return std::string{static_cast<char>(tag), static_cast<char>(bytes.size())}.append(bytes);
}

TEST(JournalRecordTest, AWholeJobSurvives) {
    const JobSnapshot job = fullJob(1);
    const auto frames = wholeOf(job);
    const JournalView view = viewOf(frames);
    EXPECT_EQ(view.head.kind, JournalKind::Whole);
    EXPECT_EQ(view.head.id, job.id);
    EXPECT_EQ(view.head.fence, job.fence);
    EXPECT_EQ(view.head.revision, job.revision);
    EXPECT_EQ(view.head.time.monotonic, 5000U);
    EXPECT_EQ(view.head.time.wall, 1'800'000'000'000);

    const auto read = decodeWhole(view);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, job.id);
    EXPECT_EQ(read->owner, job.owner);
    EXPECT_EQ(read->key.digest, job.key.digest);
    EXPECT_EQ(read->key.fingerprint, job.key.fingerprint);
    EXPECT_EQ(read->fence, job.fence);
    EXPECT_EQ(read->revision, job.revision);
    EXPECT_EQ(read->request, job.request);
    EXPECT_EQ(read->body, job.body);
    EXPECT_EQ(read->stepsAt, job.stepsAt);
}

TEST(JournalRecordTest, EachFieldOfARecordSurvives) {
    const run::Record record = fullRecord();
    std::string frames;
    appendStep(frames, journalId(1), 1, 2, {record}, {});
    const auto step = decodeStep(viewOf(frames));
    ASSERT_TRUE(step);
    const run::Record& read = step->record;
    EXPECT_EQ(read.phase, record.phase);
    EXPECT_EQ(read.status, record.status);
    EXPECT_EQ(read.ownsThread, record.ownsThread);
    EXPECT_EQ(read.queryCut, record.queryCut);
    EXPECT_EQ(read.failures, record.failures);
    EXPECT_EQ(read.rounds, record.rounds);
    EXPECT_EQ(read.oddStatusNoted, record.oddStatusNoted);
    EXPECT_EQ(read.erased, record.erased);
    EXPECT_EQ(read.guarantee, record.guarantee);
    EXPECT_EQ(read.polls, record.polls);
    EXPECT_EQ(read.version, record.version);
    EXPECT_EQ(read.provider, record.provider);
    EXPECT_EQ(read.deadline, record.deadline);
    EXPECT_EQ(read.intentAt, record.intentAt);
    EXPECT_EQ(read.notBefore, record.notBefore);
    EXPECT_EQ(read.createdWall, record.createdWall);
    EXPECT_EQ(read.startedWall, record.startedWall);
    EXPECT_EQ(read.completedWall, record.completedWall);
    EXPECT_EQ(read.threadId.view(), record.threadId.view());
    EXPECT_EQ(read.runId.view(), record.runId.view());
    EXPECT_EQ(read.incompleteReason.view(), record.incompleteReason.view());
    EXPECT_EQ(read.usage.prompt, record.usage.prompt);
    EXPECT_EQ(read.usage.completion, record.usage.completion);
    EXPECT_EQ(read.usage.total, record.usage.total);
    EXPECT_EQ(read.toolRounds, record.toolRounds);
    EXPECT_EQ(read.keepsRequest, record.keepsRequest);
    EXPECT_EQ(read.isThreadGone, record.isThreadGone);
    EXPECT_EQ(read.isForeground, record.isForeground);
    EXPECT_EQ(read.isAssistantNew, record.isAssistantNew);
    EXPECT_EQ(read.hadNoRun, record.hadNoRun);
    EXPECT_EQ(read.fallback, record.fallback);
    EXPECT_EQ(read.timeLeft, record.timeLeft);
}

/// What any version has written is read by all later ones.
TEST(JournalRecordTest, ATagKeepsItsMeaning) {
    const auto step = stepOf(
        fieldOf(1, "\5") + fieldOf(2, "\1") + fieldOf(3, "\1") + fieldOf(4, "\1") +
        fieldOf(5, "\7") + fieldOf(6, "\x08") + fieldOf(7, "\1") + fieldOf(8, "\1") +
        fieldOf(9, "\2") + fieldOf(10, "\x0a") + fieldOf(11, "\x0b") + fieldOf(12, "\x0c") +
        fieldOf(13, "\x0d") + fieldOf(14, "\x0e") + fieldOf(15, "\x0f") + fieldOf(16, "\x10") +
        fieldOf(17, "\x11") + fieldOf(18, "\x12") + fieldOf(19, "thread") + fieldOf(20, "run") +
        fieldOf(21, "why") + fieldOf(22, "\x16") + fieldOf(23, "\x17") + fieldOf(24, "\x18") +
        fieldOf(25, "\x19") + fieldOf(26, "\1") + fieldOf(27, "\1") + fieldOf(28, "\1") +
        fieldOf(29, "\1") + fieldOf(30, "\x1e") + fieldOf(31, "\x1f") + fieldOf(32, "\1"));
    ASSERT_TRUE(step);
    run::Record expected;
    expected.phase = run::Phase::PollRun;
    expected.status = run::JobStatus::Running;
    expected.ownsThread = expected.queryCut = expected.oddStatusNoted = expected.erased = true;
    expected.failures = 7;
    expected.rounds = 8;
    expected.guarantee = run::StartGuarantee::AtLeastOnce;
    expected.polls = 10;
    expected.version = 11;
    expected.provider = 12;
    expected.deadline = 13;
    expected.intentAt = 14;
    expected.notBefore = 15;
    expected.createdWall = 16;
    expected.startedWall = 17;
    expected.completedWall = 18;
    expected.threadId.assign("thread");
    expected.runId.assign("run");
    expected.incompleteReason.assign("why");
    expected.usage = {22, 23, 24};
    expected.toolRounds = 25;
    expected.keepsRequest = expected.isThreadGone = true;
    expected.isForeground = expected.isAssistantNew = true;
    expected.fallback = 30;
    expected.timeLeft = 31;
    expected.hadNoRun = true;
    EXPECT_EQ(bytesOf(step->record), bytesOf(expected));
}

TEST(JournalRecordTest, SoDoTheTagsOfAJob) {
    const std::string whole = headBytes(JournalKind::Whole) + fieldOf(128, std::string(16, 'u')) +
                              fieldOf(129, "\5") + fieldOf(130, std::string(16, 'k')) +
                              fieldOf(131, std::string(16, 'f')) + fieldOf(132, "request") +
                              fieldOf(133, "body") + fieldOf(134, "\2");
    const auto job = decodeWhole(viewOf(frameOf(whole)));
    ASSERT_TRUE(job);
    EXPECT_EQ(job->owner.user[0], 'u');
    EXPECT_EQ(job->owner.scope, 5U);
    EXPECT_EQ(job->key.digest[0], 'k');
    EXPECT_EQ(job->key.fingerprint[0], 'f');
    EXPECT_EQ(job->request, "request");
    EXPECT_EQ(job->body, "body");
    EXPECT_EQ(job->stepsAt, 2U);
}

TEST(JournalRecordTest, AFreshRecordTakesNoRoom) {
    std::string frames;
    appendStep(frames, journalId(1), 0, 0, {run::Record{}}, {});
    EXPECT_EQ(frames.size(), kFrame + kHead);
    const auto step = decodeStep(viewOf(frames));
    ASSERT_TRUE(step);
    EXPECT_EQ(step->record.version, 1U);
    EXPECT_EQ(step->record.usage.total, -1);
}

TEST(JournalRecordTest, AStepTellsNoBodyFromAnEmptyOne) {
    for (const std::optional<std::string_view> body :
         {std::optional<std::string_view>(), {""}, {"{}"}}) {
        std::string frames;
        appendStep(frames, journalId(1), 1, 2, {run::Record{}, body}, {});
        const auto step = decodeStep(viewOf(frames));
        ASSERT_TRUE(step);
        EXPECT_EQ(step->body, body);
    }
}

TEST(JournalRecordTest, AStepTellsNoRequestFromAnEmptyOne) {
    for (const std::optional<std::string_view> request :
         {std::optional<std::string_view>(), {""}, {"work"}}) {
        std::string frames;
        appendStep(frames, journalId(1), 1, 2, {run::Record{}, std::nullopt, 0, request}, {});
        const auto step = decodeStep(viewOf(frames));
        ASSERT_TRUE(step);
        EXPECT_EQ(step->request, request);
        EXPECT_FALSE(step->body);
    }
}

TEST(JournalRecordTest, StepsBelongToTheBodyOfAStep) {
    std::string frames;
    appendStep(frames, journalId(1), 1, 2, {run::Record{}, "body", 3}, {});
    EXPECT_EQ(decodeStep(viewOf(frames))->stepsAt, 3U);
    frames.clear();
    appendStep(frames, journalId(1), 1, 2, {run::Record{}, std::nullopt, 3}, {});
    EXPECT_EQ(decodeStep(viewOf(frames))->stepsAt, 0U);
}

TEST(JournalRecordTest, ABodyMayBeLong) {
    for (const std::size_t size : {127U, 128U, 16'383U, 16'384U, 9'000'000U}) {
        JobSnapshot job = fullJob(1);
        job.body.assign(size, 'b');
        const auto frames = wholeOf(job);
        const auto read = decodeWhole(viewOf(frames));
        ASSERT_TRUE(read);
        EXPECT_EQ(read->body.size(), size);
    }
}

TEST(JournalRecordTest, AKindIsReadOnlyAsItself) {
    std::string frames;
    appendGone(frames, journalId(9), {1, 2});
    const JournalView gone = viewOf(frames);
    EXPECT_EQ(gone.head.kind, JournalKind::Gone);
    EXPECT_EQ(gone.head.id, journalId(9));
    EXPECT_EQ(gone.head.time.wall, 2);
    EXPECT_FALSE(decodeWhole(gone));
    EXPECT_FALSE(decodeStep(gone));
    const auto whole = wholeOf(fullJob(1));
    EXPECT_FALSE(decodeStep(viewOf(whole)));
}

TEST(JournalRecordTest, RecordsComeInTheirOrder) {
    std::string frames = wholeOf(fullJob(1));
    appendGone(frames, journalId(2), {});
    frames += wholeOf(fullJob(3));
    JournalScan scan(frames);
    for (const std::uint8_t number : {1, 2, 3}) {
        const auto view = scan.next();
        ASSERT_TRUE(view);
        EXPECT_EQ(view->head.id, journalId(number));
    }
    EXPECT_FALSE(scan.next());
    EXPECT_EQ(scan.passed(), frames.size());
    EXPECT_EQ(scan.torn(), 0U);
}

TEST(JournalRecordTest, ReservedSpaceEndsAJournal) {
    std::string frames = wholeOf(fullJob(1));
    const std::size_t used = frames.size();
    frames.append(10'000, '\0');
    JournalScan scan(frames);
    EXPECT_TRUE(scan.next());
    EXPECT_FALSE(scan.next());
    EXPECT_EQ(scan.passed(), used);
    EXPECT_EQ(scan.torn(), 0U);
    frames[used + 4095] = 'x';
    EXPECT_FALSE(scan.next());
    EXPECT_EQ(scan.torn(), 4096U);
}

TEST(JournalRecordTest, WhatIsCutAnywhereLosesItsLastRecordOnly) {
    const std::string first = wholeOf(fullJob(1));
    const std::string frames = first + wholeOf(fullJob(2));
    for (std::size_t size = 0; size < frames.size(); ++size) {
        JournalScan scan(std::string_view(frames).substr(0, size));
        std::size_t found = 0;
        while (scan.next()) {
            ++found;
        }
        ASSERT_EQ(found, size >= first.size() ? 1U : 0U) << size;
    }
}

TEST(JournalRecordTest, NoFlippedBitGivesAnotherRecord) {
    const std::string frames = wholeOf(fullJob(1)) + wholeOf(fullJob(2));
    for (std::size_t bit = 0; bit < frames.size() * 8; ++bit) {
        std::string flipped = frames;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        JournalScan scan(flipped);
        std::uint8_t number = 1;
        while (const auto view = scan.next()) {
            const auto job = decodeWhole(*view);
            ASSERT_TRUE(job) << bit;
            ASSERT_EQ(bytesOf(*job), bytesOf(fullJob(number))) << bit;
            ++number;
        }
        ASSERT_LT(number, 3) << bit;
        ASSERT_NE(scan.torn(), 0U) << bit;
    }
}

TEST(JournalRecordTest, FieldsOfALaterVersionArePassedOver) {
    const auto step = stepOf(fieldOf(1, "\5") + fieldOf(99, "later") + fieldOf(250, "") +
                             fieldOf(2, "\1") + fieldOf(0, "zero"));
    ASSERT_TRUE(step);
    EXPECT_EQ(step->record.phase, run::Phase::PollRun);
    EXPECT_EQ(step->record.status, run::JobStatus::Running);
}

TEST(JournalRecordTest, RecordsOfALaterKindArePassedOver) {
    std::string later = headBytes(JournalKind::Gone);
    later[0] = 4;
    std::string frames = frameOf(later) + frameOf("short") + wholeOf(fullJob(1));
    JournalScan scan(frames);
    const auto view = scan.next();
    ASSERT_TRUE(view);
    EXPECT_EQ(view->head.id, journalId(1));
    EXPECT_EQ(scan.passed(), frames.size());
}

struct BadField {
    const char* what;
    int tag;
    std::string_view bytes;
};

TEST(JournalRecordTest, AFieldHoldsOnlyWhatItCan) {
    static const std::string kLong(95, 'x');
    const BadField kBad[] = {
        {"a phase behind the last", 1, "\x13"},
        {"a phase beyond a byte", 1, std::string_view("\0\1", 2)},
        {"a status behind the last", 2, "\6"},
        {"a bool of 2", 3, "\2"},
        {"a bool of 2", 4, "\2"},
        {"a failure count of 256", 5, std::string_view("\0\1", 2)},
        {"rounds of 65536", 6, std::string_view("\0\0\1", 3)},
        {"a bool of 255", 7, "\xff"},
        {"a bool of 255", 8, "\xff"},
        {"a guarantee behind the last", 9, "\3"},
        {"polls beyond 32 bits", 10, std::string_view("\0\0\0\0\1", 5)},
        {"a number of nine bytes", 11, "123456789"},
        {"a thread's id that is too long", 19, kLong},
        {"a run's id that is too long", 20, kLong},
        {"a reason that is too long", 21, std::string_view(kLong).substr(0, 31)},
        {"tool rounds of 256", 25, std::string_view("\0\1", 2)},
        {"a bool of 2", 26, "\2"},
        {"a bool of 2", 27, "\2"},
        {"a bool of 2", 28, "\2"},
        {"a bool of 2", 29, "\2"},
        {"a number of nine bytes", 30, "123456789"},
        {"a number of nine bytes", 31, "123456789"},
        {"steps beyond 32 bits", 134, std::string_view("\0\0\0\0\1", 5)},
        {"steps of nine bytes", 134, "123456789"},
    };
    for (const BadField& bad : kBad) {
        EXPECT_FALSE(stepOf(fieldOf(bad.tag, bad.bytes))) << bad.what;
    }
    EXPECT_TRUE(stepOf(fieldOf(1, "\x12") + fieldOf(2, "\5") + fieldOf(9, "\2")));
}

TEST(JournalRecordTest, AnOwnerHasItsSize) {
    const std::string good = headBytes(JournalKind::Whole) + fieldOf(128, std::string(16, 'u'));
    const std::string bad = headBytes(JournalKind::Whole) + fieldOf(128, std::string(15, 'u'));
    EXPECT_TRUE(decodeWhole(viewOf(frameOf(good))));
    EXPECT_FALSE(decodeWhole(viewOf(frameOf(bad))));
}

TEST(JournalRecordTest, StepsOfAWholeJobBeginWithin32Bits) {
    const std::string head = headBytes(JournalKind::Whole);
    EXPECT_TRUE(decodeWhole(viewOf(frameOf(head + fieldOf(134, "\xff\xff\xff\xff")))));
    EXPECT_FALSE(decodeWhole(viewOf(frameOf(head + fieldOf(134, "\1\1\1\1\1")))));
}

TEST(JournalRecordTest, FieldsThatAreCutAreNoRecord) {
    EXPECT_FALSE(stepOf("\1"));
    EXPECT_FALSE(stepOf("\1\2x"));
    EXPECT_FALSE(stepOf("\x13\xff\xff\xff\xff\x0f"));
    EXPECT_FALSE(stepOf("\x13\x80\x80\x80\x80\x80\x01"));
}

}  // namespace

}  // namespace edgerun::store
