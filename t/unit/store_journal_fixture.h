#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "edgerun/store/journal_files.h"
#include "edgerun/store/journal_record.h"

namespace edgerun::store {

/// Distinct by `number` where real ids have their random bits, and as old as it says.
inline JobId journalId(std::uint8_t number) {
    JobId id{};
    id[5] = number;
    id[12] = static_cast<std::uint8_t>(number * 3);
    return id;
}

/// A record of which no field is as in a fresh one.
inline run::Record fullRecord() {
    run::Record record;
    record.phase = run::Phase::PollRun;
    record.status = run::JobStatus::RequiresAction;
    record.ownsThread = true;
    record.queryCut = true;
    record.failures = 200;
    record.rounds = 40'000;
    record.oddStatusNoted = true;
    record.erased = true;
    record.guarantee = run::StartGuarantee::AtMostOnce;
    record.polls = 3'000'000'000;
    record.version = 0xfedcba9876543210;
    record.provider = 0xffffffffffffffff;
    record.deadline = 1;
    record.intentAt = 0x100;
    record.notBefore = 0xff00;
    record.createdWall = 1'800'000'000'123;
    record.startedWall = -5;
    record.completedWall = INT64_MIN;
    record.threadId.assign("thread_1");
    record.runId.assign(std::string(94, 'r'));
    record.incompleteReason.assign("max_completion_tokens");
    record.usage = {0, 17, INT64_MAX};
    record.toolRounds = 8;
    record.keepsRequest = true;
    record.isThreadGone = true;
    record.isForeground = true;
    record.isAssistantNew = true;
    record.hadNoRun = true;
    record.fallback = 0x8000000000000000;
    record.timeLeft = 89'000;
    return record;
}

inline JobSnapshot fullJob(std::uint8_t number) {
    JobSnapshot job;
    job.id = journalId(number);
    job.owner.user.fill(0xab);
    job.owner.scope = 0x1122334455667788;
    job.key.digest.fill(0xcd);
    job.key.fingerprint.fill(0xef);
    job.fence = 0x80000001;
    job.revision = 77;
    job.record = fullRecord();
    job.record.erased = false;
    job.request = std::string("question\0", 9) + std::string(300, 'q');
    job.body = R"({"answer":"42","steps":[]})";
    job.stepsAt = 14;
    return job;
}

/// Both as bytes of a journal, so that no field is forgotten here.
inline std::string bytesOf(const run::Record& record) {
    std::string bytes;
    appendStep(bytes, {}, 0, 0, {record}, {});
    return bytes;
}

inline std::string bytesOf(const JobSnapshot& job) {
    std::string bytes;
    appendWhole(bytes, job, {});
    return bytes;
}

/// The first record in there.
inline JournalView viewOf(std::string_view frames) {
    const auto view = JournalScan(frames).next();
    EXPECT_TRUE(view);
    return view.value_or(JournalView{});
}

class JournalDirectory : public testing::Test {
protected:
    JournalDirectory() {
        char name[] = "/tmp/edgerun-journal-XXXXXX";
        directory = mkdtemp(name);
    }
    ~JournalDirectory() override { std::filesystem::remove_all(directory); }

    void put(const std::string& name, std::string_view bytes) {
        std::ofstream(directory + '/' + name, std::ios::binary) << bytes;
    }
    std::string get(const std::string& name) {
        std::ifstream file(directory + '/' + name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    bool has(const std::string& name) { return std::filesystem::exists(directory + '/' + name); }
    std::size_t files() {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(directory), {}));
    }

    /// A segment with these frames.
    Segment putSegment(const SegmentHeader& header, std::string_view frames) {
        char name[64];
        std::snprintf(name, sizeof(name), "%016llx-%08u.journal",
                      static_cast<unsigned long long>(header.writer), header.number);
        put(name, encodeSegmentHeader(header).append(frames));
        return {directory + '/' + name, header, kSegmentHeaderBytes + frames.size()};
    }

    std::string directory;
};

}  // namespace edgerun::store
