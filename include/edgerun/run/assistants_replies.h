#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/run/record.h"
#include "edgerun/run/tool_round.h"

/// The responses of OpenAI Assistants v2, read without trust: nullopt is a
/// body that is not what the API promises. Unknown members do not matter.
/// https://platform.openai.com/docs/api-reference/runs/object
namespace edgerun::run {

/// The id of a new thread or message.
std::optional<ProviderId> readId(std::string_view body);

enum class RunState : std::uint8_t {
    Going,  ///< queued, in_progress, cancelling
    NeedsAction,
    Completed,
    Incomplete,
    Failed,
    Expired,
    Cancelled,
    Odd,  ///< a status that the API does not know
};

constexpr bool isOver(RunState state) {
    return state >= RunState::Completed && state <= RunState::Cancelled;
}

struct RunReply {
    ProviderId id;
    RunState state = RunState::Odd;
    Usage usage;
    std::string status;            ///< as it was written; not cleaned
    std::int64_t expiresAt = 0;    ///< when NeedsAction; Unix s, 0: unknown
    ToolRound round;               ///< when NeedsAction; empty if it makes no sense, or is too much
    std::string incompleteReason;  ///< when Incomplete; [a-z_]
    std::string errorCode;         ///< when Failed; not cleaned
    std::string errorMessage;      ///< when Failed; not cleaned
};

/// A run object of record's thread, and of record's run if that is known.
std::optional<RunReply> readRun(std::string_view body, const Record& record);

struct RunsReply {
    std::optional<RunReply> own;   ///< the newest run of this job
    bool otherRunIsGoing = false;  ///< the thread is locked by somebody else
};

/// A list of runs. A run is the job's own by its metadata; in a thread made
/// for this job, also when it has no such metadata (some servers keep none).
std::optional<RunsReply> readRuns(std::string_view body, const Record& record,
                                  std::string_view jobId);

/// Is the job's own message, by the same rule, in this list of messages?
std::optional<bool> readHasMessage(std::string_view body, const Record& record,
                                   std::string_view jobId);

struct AnswerReply {
    std::optional<std::string> text;  ///< absent: the run wrote no text
};

/// What the run's assistant messages in this list, newest first, say in the
/// order of writing. What they cite goes into the steps of `work`.
std::optional<AnswerReply> readAnswer(std::string_view body, const Record& record,
                                      const Work& work);

/// The steps of a run, oldest first, are added to those of `work`. False when the body is no
/// list of steps.
/// https://platform.openai.com/docs/api-reference/run-steps/object
bool readSteps(std::string_view body, const Work& work);

struct AssistantsReply {
    std::optional<ProviderId> id;  ///< of the one that is looked for
    bool isCurrent = false;        ///< and it says what its definition says
    std::string after;             ///< where a further page begins, or empty
};

/// One page of assistants; `name` and `mark` as their metadata hold them.
std::optional<AssistantsReply> readAssistants(std::string_view body, std::string_view name,
                                              std::string_view mark);

}  // namespace edgerun::run
