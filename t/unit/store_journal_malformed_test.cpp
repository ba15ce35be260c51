#include "store_journal_replay_fixture.h"

/// Records that are whole, but say what cannot be: perhaps what only a later version knows.
namespace edgerun::store {

namespace {

using Kind = JournalKind;
using run::Phase;

/// A Step whose status no version has; all else about it is right.
std::string malformedStep(std::uint32_t revision = 1,
                          std::optional<std::string_view> body = "body") {
    run::Record record;
    record.status = static_cast<run::JobStatus>(200);
    std::string frame;
    appendStep(frame, journalId(1), 1, revision, {record, body}, {});
    return frame;
}

TEST_F(JournalReplayTest, AMalformedNewestRecordIsNotReplacedByAnOlderOne) {
    replay({frameOf({Kind::Whole, 1, 0}) + malformedStep()});
    EXPECT_FALSE(find());
    EXPECT_EQ(replayed->jobs().size(), 1U);
}

TEST_F(JournalReplayTest, AMalformedJobIsKeptAsItIs) {
    const std::string first = frameOf({Kind::Whole, 1, 0, Phase::CreateRun, "created"});
    const std::string before = frameOf({Kind::Step, 1, 1, Phase::PollRun});
    const std::string body = frameOf({Kind::Step, 1, 2, Phase::PollRun, "running"});
    const std::string last = malformedStep(3, std::nullopt);
    replay({first + before + body + last});
    ASSERT_FALSE(find());
    std::string frames = "before ";
    EXPECT_TRUE(replayed->appendAsWritten(frames, journalId(1)));
    EXPECT_EQ(frames, "before " + first + body + last);

    replay({first + malformedStep(3, "body")});
    frames.clear();
    EXPECT_TRUE(replayed->appendAsWritten(frames, journalId(1)));
    EXPECT_EQ(frames, first + malformedStep(3, "body")) << "no record twice";
}

TEST_F(JournalReplayTest, AMalformedJobKeepsItsNewestRequestToo) {
    const run::Record record;
    const std::string first = frameOf({Kind::Whole, 1, 0, Phase::CreateRun, "created"});
    const std::string work = stepFrame(1, {record, std::nullopt, 0, "work"});
    const std::string body = stepFrame(2, {record, "running"});
    const std::string moreWork = stepFrame(3, {record, std::nullopt, 0, "more"});
    const std::string last = malformedStep(4, std::nullopt);
    const auto kept = [&](const std::string& frames) {
        replay({frames});
        EXPECT_FALSE(find());
        std::string out;
        EXPECT_TRUE(replayed->appendAsWritten(out, journalId(1)));
        return out;
    };
    EXPECT_EQ(kept(first + work + body + last), first + work + body + last);
    EXPECT_EQ(kept(first + work + body + moreWork + last), first + body + moreWork + last);
    EXPECT_EQ(kept(first + work + last), first + work + last);
}

TEST_F(JournalReplayTest, AMalformedRequestIsNotReplacedByAnOlderOne) {
    run::Record odd;
    odd.status = static_cast<run::JobStatus>(200);
    replay({frameOf({Kind::Whole, 1, 0}) + stepFrame(1, {odd, std::nullopt, 0, "work"}) +
            stepFrame(2, {run::Record{}, "body"})});
    EXPECT_FALSE(find());
}

TEST_F(JournalReplayTest, WithoutItsFirstRecordOfAJobNothingIsKept) {
    replay({malformedStep() + frameOf({Kind::Gone}, journalId(2))});
    std::string frames;
    EXPECT_FALSE(replayed->appendAsWritten(frames, journalId(1)));
    EXPECT_FALSE(replayed->appendAsWritten(frames, journalId(2)));
    EXPECT_FALSE(replayed->appendAsWritten(frames, journalId(3)));
    EXPECT_EQ(frames, "");
}

TEST_F(JournalReplayTest, AMalformedRecordThatCountsNoMoreHarmsNothing) {
    replay({frameOf({Kind::Whole, 1, 0}) + malformedStep() +
            frameOf({Kind::Whole, 1, 2, Phase::PollRun, "running"})});
    EXPECT_TRUE(find());
}

}  // namespace

}  // namespace edgerun::store
