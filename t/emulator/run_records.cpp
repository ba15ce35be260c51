#include "run_records.h"

#include <algorithm>
#include <vector>

#include "json_text.h"
#include "response_life.h"
#include "response_render.h"
#include "run_life.h"

namespace emulator {

namespace {

struct Record {
    std::int64_t createdMs;
    std::string json;
};

// One kind of work that is recorded.
struct Source {
    void (*settle)(World&, std::int64_t nowMs);
    void (*render)(const World&, std::vector<Record>&);
    void (*count)(const World&, RecordCount&);
    void (*finish)(World&, std::int64_t nowMs);
};

void settleRuns(World& world, std::int64_t nowMs) {
    for (const auto& run : world.runs()) {
        settleRun(world, *run, nowMs);
    }
}

std::string renderRunRecord(const Run& run) {
    const auto orNull = [](std::int64_t ms) { return ms == 0 ? "null" : std::to_string(ms); };
    return ObjectText()
        .raw("kind", "\"run\"")
        .string("id", run.id)
        .string("thread", run.threadId)
        .boolean("thread_exists", run.thread != nullptr)
        .string("job", run.job)
        .string("question", run.script.question)
        .number("rounds", run.script.toolRounds - run.toolRoundsLeft)
        .string("status", statusWord(run))
        .raw("metadata", run.echo.metadata)
        .number("created_ms", run.createdMs)
        .raw("final_at_ms", orNull(run.finalMs))
        .raw("first_seen_final_ms", orNull(run.firstSeenFinalMs))
        .take();
}

void renderRuns(const World& world, std::vector<Record>& records) {
    for (const auto& run : world.runs()) {
        records.push_back({run->createdMs, renderRunRecord(*run)});
    }
}

void countRuns(const World& world, RecordCount& count) {
    for (const auto& run : world.runs()) {
        ++count.all;
        count.active += isFinal(run->status) ? 0 : 1;
    }
}

template <typename Work>
void endAt(Work& work, std::int64_t nowMs) {
    work.startsMs = std::min(work.startsMs, nowMs);
    work.endsMs = std::min(work.endsMs, nowMs);
}

void finishRuns(World& world, std::int64_t nowMs) {
    for (const auto& run : world.runs()) {
        endAt(*run, nowMs);
    }
}

void settleCompletions(World& world, std::int64_t nowMs) {
    for (const auto& completion : world.completions()) {
        settleCompletion(*completion, nowMs);
    }
}

void renderCompletions(const World& world, std::vector<Record>& records) {
    for (const auto& completion : world.completions()) {
        records.push_back({completion->createdMs, renderRecord(*completion)});
    }
}

void countCompletions(const World& world, RecordCount& count) {
    for (const auto& completion : world.completions()) {
        ++count.all;
        count.active += completion->status == CompletionStatus::kInProgress ? 1 : 0;
    }
}

void finishCompletions(World& world, std::int64_t nowMs) {
    for (const auto& completion : world.completions()) {
        completion->endsMs = std::min(completion->endsMs, nowMs);
    }
}

void settleResponses(World& world, std::int64_t nowMs) {
    for (const auto& response : world.store().responses()) {
        settleResponse(world.store(), *response, nowMs);
    }
}

void renderResponses(const World& world, std::vector<Record>& records) {
    for (const auto& response : world.store().responses()) {
        records.push_back({response->createdMs, renderRecord(*response)});
    }
}

void countResponses(const World& world, RecordCount& count) {
    for (const auto& response : world.store().responses()) {
        ++count.all;
        count.active += isFinal(response->status) ? 0 : 1;
    }
}

void finishResponses(World& world, std::int64_t nowMs) {
    for (const auto& response : world.store().responses()) {
        endAt(*response, nowMs);
    }
}

constexpr Source kSources[] = {
    {settleRuns, renderRuns, countRuns, finishRuns},
    {settleCompletions, renderCompletions, countCompletions, finishCompletions},
    {settleResponses, renderResponses, countResponses, finishResponses},
};

}  // namespace

std::string renderRecords(World& world, std::int64_t nowMs) {
    std::vector<Record> records;
    for (const Source& source : kSources) {
        source.settle(world, nowMs);
        source.render(world, records);
    }
    std::stable_sort(records.begin(), records.end(),
                     [](const Record& a, const Record& b) { return a.createdMs < b.createdMs; });
    std::string list = "[";
    for (const Record& record : records) {
        list += list.size() > 1 ? ",\n" : "";
        list += record.json;
    }
    return list + "]\n";
}

RecordCount countRecords(World& world, std::int64_t nowMs) {
    RecordCount count;
    for (const Source& source : kSources) {
        source.settle(world, nowMs);
        source.count(world, count);
    }
    return count;
}

void finishRecords(World& world, std::int64_t nowMs) {
    for (const Source& source : kSources) {
        source.settle(world, nowMs);
        source.finish(world, nowMs);
    }
}

}  // namespace emulator
