#include "edgerun/store/quota_frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "store_quota_journal_fixture.h"

namespace edgerun::store {
namespace {

/// No field is as in a fresh one.
QuotaRecord fullRecord(QuotaRecord::Kind kind) {
    QuotaRecord record;
    record.kind = kind;
    record.sequence = 0x0102030405060708;
    record.key = quotaKey(9);
    record.key[15] = 0xff;
    record.window = {-5, INT64_MAX};
    record.amount = UINT64_MAX - 1;
    record.holder = {quotaJob(0x010203), 0xfedcba9876543210, -7};
    record.holder.job[20] = 0xee;
    record.isSettled = true;
    record.isAccepted = true;
    record.claims = 31;
    record.taken = 0x1112131415161718;
    record.held = UINT64_MAX;
    return record;
}

void expectSame(const QuotaRecord& a, const QuotaRecord& b) {
    EXPECT_EQ(a.kind, b.kind);
    EXPECT_EQ(a.sequence, b.sequence);
    EXPECT_EQ(a.key, b.key);
    EXPECT_EQ(a.window.begin, b.window.begin);
    EXPECT_EQ(a.window.end, b.window.end);
    EXPECT_EQ(a.amount, b.amount);
    EXPECT_EQ(a.holder.job, b.holder.job);
    EXPECT_EQ(a.holder.jobZone, b.holder.jobZone);
    EXPECT_EQ(a.holder.pid, b.holder.pid);
    EXPECT_EQ(a.isSettled, b.isSettled);
    EXPECT_EQ(a.isAccepted, b.isAccepted);
    EXPECT_EQ(a.claims, b.claims);
    EXPECT_EQ(a.taken, b.taken);
    EXPECT_EQ(a.held, b.held);
}

struct Found {
    std::vector<std::uint64_t> sequences;
    std::size_t marks = 0;
    std::size_t damaged = 0;
    std::size_t rest = 0;
};

Found findIn(const std::string& bytes) {
    Found found;
    std::size_t at = 0;
    while (const auto frame = nextFrame(bytes, at, found.damaged)) {
        if (frame->isWholeMark) {
            found.marks++;
        } else {
            found.sequences.push_back(frame->record.sequence);
        }
    }
    found.rest = bytes.size() - at;
    return found;
}

std::string frameWith(std::uint64_t sequence) {
    QuotaRecord record;
    record.kind = QuotaRecord::Kind::Hold;
    record.sequence = sequence;
    return framesOf({record});
}

QuotaFrame readOne(const std::string& bytes) {
    EXPECT_EQ(bytes.size(), kQuotaFrameBytes);
    std::size_t at = 0;
    std::size_t damaged = 0;
    const auto frame = nextFrame(bytes, at, damaged);
    EXPECT_TRUE(frame);
    EXPECT_EQ(at, bytes.size());
    EXPECT_EQ(damaged, 0U);
    return frame.value_or(QuotaFrame{});
}

TEST(StoreQuotaFrames, ARecordReadsAsItWasWritten) {
    for (const auto kind : {QuotaRecord::Kind::Hold, QuotaRecord::Kind::End}) {
        const QuotaFrame frame = readOne(framesOf({fullRecord(kind)}));
        EXPECT_FALSE(frame.isWholeMark || frame.isCopy);
        expectSame(frame.record, fullRecord(kind));
    }
    for (const auto kind : {QuotaRecord::Kind::Hold, QuotaRecord::Kind::Counter}) {
        std::string bytes;
        appendCopy(bytes, fullRecord(kind));
        const QuotaFrame frame = readOne(bytes);
        EXPECT_TRUE(!frame.isWholeMark && frame.isCopy);
        expectSame(frame.record, fullRecord(kind));
    }
}

TEST(StoreQuotaFrames, FlagsAreToldApart) {
    QuotaRecord record = fullRecord(QuotaRecord::Kind::Hold);
    for (const auto& [isSettled, isAccepted] :
         {std::pair(false, false), std::pair(true, false), std::pair(false, true)}) {
        record.isSettled = isSettled;
        record.isAccepted = isAccepted;
        std::size_t at = 0;
        std::size_t damaged = 0;
        expectSame(nextFrame(framesOf({record}), at, damaged)->record, record);
    }
}

TEST(StoreQuotaFrames, TheMarkIsNoRecord) {
    std::string bytes = frameWith(1);
    appendWholeMark(bytes);
    bytes += frameWith(2);
    const Found found = findIn(bytes);
    EXPECT_EQ(found.sequences, (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(found.marks, 1U);
}

TEST(StoreQuotaFrames, AWriteThatFailedHalfWayCostsOnlyItself) {
    const std::string half = frameWith(2).substr(0, 40);
    for (const std::string& torn : {half, half + half, std::string(5, '\0'), std::string("EQR"),
                                    std::string("EQR1EQR1"), std::string(300, 'E')}) {
        const Found found = findIn(frameWith(1) + torn + frameWith(3) + frameWith(4));
        EXPECT_EQ(found.sequences, (std::vector<std::uint64_t>{1, 3, 4})) << torn.size();
        EXPECT_EQ(found.damaged, torn.size());
        EXPECT_EQ(found.rest, 0U);
    }
}

TEST(StoreQuotaFrames, AnyFlippedBitIsNoticed) {
    for (std::size_t bit = 0; bit < 8 * kQuotaFrameBytes; bit++) {
        std::string bytes = frameWith(1) + frameWith(2) + frameWith(3);
        char& spoilt = bytes[kQuotaFrameBytes + bit / 8];
        spoilt = static_cast<char>(spoilt ^ (1 << (bit % 8)));
        const Found found = findIn(bytes);
        ASSERT_EQ(found.sequences, (std::vector<std::uint64_t>{1, 3})) << bit;
        ASSERT_EQ(found.damaged, kQuotaFrameBytes) << bit;
    }
}

TEST(StoreQuotaFrames, WhatIsThereInPartMayStillCome) {
    const std::string bytes = "garbage" + frameWith(1) + frameWith(2);
    for (std::size_t cut = 0; cut <= bytes.size(); cut++) {
        std::string some = bytes.substr(0, cut);
        Found found;
        std::size_t at = 0;
        while (const auto frame = nextFrame(some, at, found.damaged)) {
            found.sequences.push_back(frame->record.sequence);
        }
        some.erase(0, at);
        some += bytes.substr(cut);
        at = 0;
        while (const auto frame = nextFrame(some, at, found.damaged)) {
            found.sequences.push_back(frame->record.sequence);
        }
        ASSERT_EQ(found.sequences, (std::vector<std::uint64_t>{1, 2})) << cut;
        ASSERT_EQ(found.damaged, 7U) << cut;
    }
}

TEST(StoreQuotaFrames, ARecordIsFoundInNoise) {
    const std::string bytes = frameWith(5);
    std::mt19937 random(7);
    std::string noise(4096, '\0');
    std::generate(noise.begin(), noise.end(), [&] { return static_cast<char>(random()); });
    const Found found = findIn(noise + bytes + noise);
    EXPECT_EQ(found.sequences, (std::vector<std::uint64_t>{5}));
}

}  // namespace
}  // namespace edgerun::store
