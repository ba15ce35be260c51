#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "edgerun/store/quota_counters.h"
#include "edgerun/store/quota_files.h"
#include "edgerun/store/quota_frames.h"
#include "edgerun/store/quota_writer.h"
#include "store_shared_memory.h"

namespace edgerun::store {

inline constexpr std::int64_t kQuotaNow = 1'800'000'000'000;
inline constexpr QuotaWindow kQuotaWindow{kQuotaNow - 1'000'000, kQuotaNow + 1'000'000};

inline QuotaKey quotaKey(std::uint8_t number) {
    QuotaKey key{};
    key[0] = number;
    key[9] = static_cast<std::uint8_t>(number * 7);
    return key;
}

inline JobId quotaJob(std::uint32_t number) {
    JobId id{};
    id[8] = static_cast<std::uint8_t>(number >> 16);
    id[9] = static_cast<std::uint8_t>(number >> 8);
    id[10] = static_cast<std::uint8_t>(number);
    id[12] = 1;
    return id;
}

inline QuotaHolder quotaHolder(std::uint32_t job) {
    return {quotaJob(job), 77, 1234};
}

/// Counters as one process has them.
class QuotaZoneOfTests {
public:
    explicit QuotaZoneOfTests(std::size_t bytes = 256 * 1024) : memory_(bytes) {
        EXPECT_TRUE(QuotaCounters::format(memory_.data(), bytes));
    }

    QuotaCounters counters() {
        return *QuotaCounters::attach(memory_.data(), memory_.size(), lock_);
    }
    /// As another process sees it, with a lock that works between processes.
    QuotaCounters counters(SharedLock& lock) {
        return *QuotaCounters::attach(memory_.data(), memory_.size(), lock);
    }

private:
    SharedMemory memory_;
    ForcedLock lock_;
};

inline QuotaTaken takeOne(QuotaCounters& counters, std::uint32_t job, std::uint8_t key,
                          std::uint64_t amount = 1, bool isSettled = false) {
    return counters.take(quotaHolder(job),
                         {{quotaKey(key), kQuotaWindow, 1'000'000, amount, isSettled, false}},
                         kQuotaNow);
}

inline std::string framesOf(const std::vector<QuotaRecord>& records) {
    std::string frames;
    appendFrames(frames, records);
    return frames;
}

/// All that a zone holds, in a form that can be compared: what is used by key, and holds.
using QuotaState = std::pair<std::map<QuotaKey, std::uint64_t>,
                             std::map<std::pair<JobId, QuotaKey>, std::tuple<std::uint64_t, bool>>>;

inline QuotaState stateOf(QuotaCounters counters) {
    QuotaState state;
    std::uint32_t cursor = 0;
    do {
        for (const QuotaRecord& record : counters.records(cursor, 100)) {
            if (record.kind == QuotaRecord::Kind::Counter) {
                state.first[record.key] = record.amount;
            } else {
                state.second[{record.holder.job, record.key}] = {record.amount, record.isAccepted};
            }
        }
    } while (cursor != 0);
    return state;
}

/// A directory of its own, gone in the end; in memory where there is such a place, for nothing here
/// depends on what a flush does.
class QuotaDirectory {
public:
    QuotaDirectory() {
        for (const auto& top :
             {std::filesystem::path("/dev/shm"), std::filesystem::temp_directory_path()}) {
            std::string pattern = (top / "quota-XXXXXX").string();
            if (mkdtemp(pattern.data()) != nullptr) {
                path_ = pattern;
                return;
            }
        }
    }
    ~QuotaDirectory() { std::filesystem::remove_all(path_); }
    QuotaDirectory(const QuotaDirectory&) = delete;
    QuotaDirectory& operator=(const QuotaDirectory&) = delete;

    const std::string& path() const { return path_; }
    std::string file(std::uint64_t number) const { return quotaFilePath(path_, number); }
    std::vector<std::uint64_t> numbers() const {
        return listQuotaFiles(path_).value_or(std::vector<std::uint64_t>());
    }
    std::string read(std::uint64_t number) const {
        std::ifstream in(file(number), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void write(std::uint64_t number, const std::string& bytes) const {
        std::ofstream(file(number), std::ios::binary) << bytes;
    }

    /// What a fresh zone has read here.
    QuotaState load(QuotaLoad* told = nullptr) const {
        QuotaZoneOfTests zone;
        QuotaCounters counters = zone.counters();
        std::string problem;
        const auto loaded = loadQuotaFiles(path_, counters, kQuotaNow, problem);
        EXPECT_TRUE(loaded) << problem;
        if (told != nullptr && loaded) {
            *told = *loaded;
        }
        return stateOf(counters);
    }

private:
    std::string path_;
};

/// Until nothing is due any more.
inline QuotaWritten keepUpWhole(QuotaWriter& writer) {
    QuotaWritten done = QuotaWritten::Done;
    do {
        done = writer.keepUp();
    } while (done == QuotaWritten::Done && writer.hasMore());
    return done;
}

}  // namespace edgerun::store
