#include "run_life.h"

#include <algorithm>
#include <iterator>

#include "answer.h"
#include "render.h"

namespace emulator {

namespace {

constexpr std::int64_t kExpiryMs = 600'000;

struct StatusRow {
    std::string_view word;
    RunStatus status;
    bool isFinal;
};

constexpr StatusRow kStatuses[] = {
    {"queued", RunStatus::kQueued, false},
    {"in_progress", RunStatus::kInProgress, false},
    {"requires_action", RunStatus::kRequiresAction, false},
    {"cancelling", RunStatus::kCancelling, false},
    {"cancelled", RunStatus::kCancelled, true},
    {"failed", RunStatus::kFailed, true},
    {"completed", RunStatus::kCompleted, true},
    {"incomplete", RunStatus::kIncomplete, true},
    {"expired", RunStatus::kExpired, true},
};

const StatusRow* rowOf(RunStatus status) {
    const auto* found =
        std::find_if(std::begin(kStatuses), std::end(kStatuses),
                     [status](const StatusRow& row) { return row.status == status; });
    return found == std::end(kStatuses) ? nullptr : found;
}

// A word that is not a final status is shown as it is, for good.
RunStatus plannedEnd(const Run& run) {
    for (const StatusRow& row : kStatuses) {
        if (row.isFinal && row.word == run.script.status) {
            return row.status;
        }
    }
    return RunStatus::kForeign;
}

void planLeg(World& world, const Settings& settings, Run& run, std::int64_t nowMs) {
    const std::int64_t duration = durationOf(world, settings, run.script);
    const std::int64_t queued =
        run.script.queuedMs.value_or(std::min(settings.queuedMs, duration / 2));
    run.status = RunStatus::kQueued;
    run.startsMs = nowMs + std::min(queued, duration);
    run.endsMs = nowMs + duration;
}

void askForTools(World& world, Run& run) {
    RunStep step;
    step.id = world.newId("step_");
    step.kind = StepKind::kFunctions;
    step.createdMs = run.endsMs;
    for (const std::string& name : run.script.tools) {
        step.calls.push_back({world.newId("call_"), name, run.script.toolArguments, std::nullopt});
    }
    run.steps.push_back(std::move(step));
    run.status = RunStatus::kRequiresAction;
    --run.toolRoundsLeft;
}

// A tool of the provider's own, which ran within the leg.
void useTool(World& world, Run& run, StepKind kind, std::string input, std::string output) {
    RunStep step;
    step.id = world.newId("step_");
    step.kind = kind;
    step.createdMs = run.startedMs;
    step.endedMs = run.endsMs;
    step.calls.push_back({world.newId("call_"), "", std::move(input), std::move(output)});
    run.steps.push_back(std::move(step));
}

void writeAnswer(World& world, Run& run) {
    if (run.script.usesCodeInterpreter) {
        useTool(world, run, StepKind::kCodeInterpreter, "print(6 * 7)", "42\n");
    }
    if (run.script.usesFileSearch) {
        useTool(world, run, StepKind::kFileSearch, "", "Six times seven is forty-two.");
    }
    for (std::size_t i = 0; i < run.script.messageCount; ++i) {
        RunStep step;
        step.id = world.newId("step_");
        step.messageId = world.newId("msg_");
        step.createdMs = run.startedMs;
        step.endedMs = run.endsMs;
        if (run.thread != nullptr) {
            Message message{step.messageId, run.id, renderAnswer(run, step.messageId, i)};
            run.thread->messages.push_back(std::move(message));
        }
        run.steps.push_back(std::move(step));
    }
}

void end(Run& run, RunStatus status, std::int64_t atMs) {
    run.status = status;
    run.finalMs = atMs;
    for (RunStep& step : run.steps) {
        step.endedMs = step.endedMs == 0 ? atMs : step.endedMs;
    }
}

void endAsPlanned(World& world, Run& run) {
    const RunStatus status = plannedEnd(run);
    if (status == RunStatus::kCompleted || status == RunStatus::kIncomplete) {
        writeAnswer(world, run);
    }
    end(run, status, run.endsMs);
}

// One change of state, if it is due; false when the run stays as it is.
bool advance(World& world, Run& run, std::int64_t nowMs) {
    switch (run.status) {
        case RunStatus::kQueued:
            if (nowMs < run.startsMs) {
                return false;
            }
            run.status = RunStatus::kInProgress;
            run.startedMs = run.startsMs;
            return true;
        case RunStatus::kInProgress:
            if (nowMs >= run.expiresMs && run.expiresMs < run.endsMs) {
                end(run, RunStatus::kExpired, run.expiresMs);
                return true;
            }
            if (nowMs < run.endsMs) {
                return false;
            }
            if (run.toolRoundsLeft > 0) {
                askForTools(world, run);
            } else {
                endAsPlanned(world, run);
            }
            return true;
        case RunStatus::kRequiresAction:
            if (nowMs < run.expiresMs) {
                return false;
            }
            end(run, RunStatus::kExpired, run.expiresMs);
            return true;
        case RunStatus::kCancelling:
            if (nowMs < run.cancelsMs) {
                return false;
            }
            end(run, RunStatus::kCancelled, run.cancelsMs);
            return true;
        case RunStatus::kCancelled:
        case RunStatus::kFailed:
        case RunStatus::kCompleted:
        case RunStatus::kIncomplete:
        case RunStatus::kExpired:
        case RunStatus::kForeign:
            return false;
    }
    return false;
}

}  // namespace

void settleRun(World& world, Run& run, std::int64_t nowMs) {
    bool hasChanged = false;
    while (advance(world, run, nowMs)) {
        hasChanged = true;
    }
    if (hasChanged) {
        run.json = renderRun(run);
    }
}

void settleThread(World& world, Thread& thread, std::int64_t nowMs) {
    if (!thread.runs.empty()) {
        settleRun(world, *thread.runs.back(), nowMs);  // only the newest can be active
    }
}

void beginRun(World& world, const Settings& settings, Run& run, std::int64_t nowMs) {
    run.createdMs = nowMs;
    run.expiresMs = nowMs + run.script.expiresMs.value_or(kExpiryMs);
    run.toolRoundsLeft = run.script.toolRounds;
    run.promptLength =
        run.thread->textLength + static_cast<std::int64_t>(run.echo.instructions.size());
    planLeg(world, settings, run, nowMs);
    run.json = renderRun(run);
}

void cancelRun(const Settings& settings, Run& run, std::int64_t nowMs) {
    if (run.script.ignoresCancel) {
        return;
    }
    run.status = RunStatus::kCancelling;
    run.cancelsMs = nowMs + run.script.cancelMs.value_or(settings.cancelMs);
    run.json = renderRun(run);
}

void resumeRun(World& world, const Settings& settings, Run& run, std::int64_t nowMs) {
    run.steps.back().endedMs = nowMs;
    planLeg(world, settings, run, nowMs);
    run.json = renderRun(run);
}

bool isFinal(RunStatus status) {
    const StatusRow* row = rowOf(status);
    return row == nullptr || row->isFinal;
}

std::string_view statusWord(const Run& run) {
    const StatusRow* row = rowOf(run.status);
    return row == nullptr ? std::string_view(run.script.status) : row->word;
}

const Run* activeRun(const Thread& thread) {
    const bool isActive = !thread.runs.empty() && !isFinal(thread.runs.back()->status);
    return isActive ? thread.runs.back() : nullptr;
}

}  // namespace emulator
