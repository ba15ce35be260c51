#pragma once

#include <cstdint>
#include <type_traits>

#include "edgerun/text/fixed_string.h"

namespace edgerun::run {

/// What clients see. A status never moves back, and final ones never change.
enum class JobStatus : std::uint8_t {
    Pending,
    Running,
    RequiresAction,
    Completed,
    Failed,
    Cancelled,
};

constexpr bool isFinal(JobStatus status) {
    return status >= JobStatus::Completed;
}

/// "PENDING", "RUNNING", ...
const char* nameOf(JobStatus status);

/// The upstream call that a job makes next, or whose result it waits for. The
/// numbers stand in journals: a new phase gets the next one.
enum class Phase : std::uint8_t {
    CreateThread,
    AddMessage,
    FindMessage,  ///< was the message added? (its outcome is unknown)
    CreateRun,
    FindRun,  ///< was the run started? (its outcome is unknown)
    PollRun,
    ListMessages,   ///< read the answer
    FindLostRun,    ///< clean-up: a run may have started that must be cancelled
    CancelRun,      ///< clean-up: the job is final, the run upstream is not
    DeleteThread,   ///< clean-up: nobody wants the thread any more
    Done,           ///< nothing left to do
    FindAssistant,  ///< is the assistant there that edgerun_assistant describes?
    CreateAssistant,
    UpdateAssistant,
    CallTools,      ///< edgerun calls function tools of the operator
    AwaitOutputs,   ///< the client calls the others
    SubmitOutputs,  ///< the outputs of all calls go to the provider
    ListSteps,      ///< read what the run did
    DeleteRun,      ///< clean-up: nobody wants what the provider keeps of the run
};

inline constexpr Phase kLastPhase = Phase::DeleteRun;

/// What to do about a run that may or may not have been started.
enum class StartGuarantee : std::uint8_t {
    Lookup,       ///< look for it, after a grace; start another only if there is none
    AtMostOnce,   ///< never start another: the job fails
    AtLeastOnce,  ///< start another at once
};

/// Identifiers that a provider gives; longer ones are refused as nonsense.
using ProviderId = text::FixedString<94>;

/// Why a run ended before its answer was whole, "max_completion_tokens", ...
using IncompleteReason = text::FixedString<30>;

/// Tokens as the provider counted them; -1 while unknown.
struct Usage {
    std::int64_t prompt = -1;
    std::int64_t completion = -1;
    std::int64_t total = -1;
};

/// The whole state of a run machine: what any worker needs to carry a job on.
/// It stands in shared memory: plain bytes, no pointers. Times named Wall are
/// Unix milliseconds, for display; all others are milliseconds of the
/// monotonic clock, equal in all processes of one machine.
struct Record {
    Phase phase = Phase::CreateThread;
    JobStatus status = JobStatus::Pending;
    bool ownsThread = false;      ///< made by this job (not continued from another)
    bool queryCut = false;        ///< the client sent more than was kept (caller's)
    std::uint8_t failures = 0;    ///< of the current call, in a row
    bool oddStatusNoted = false;  ///< an unknown run status was logged once
    bool erased = false;          ///< its owner wants to see no more of it (caller's)
    StartGuarantee guarantee = StartGuarantee::Lookup;  ///< (caller's)
    std::uint64_t version = 1;                          ///< of what the client sees (caller's)
    std::uint16_t rounds = 0;     ///< starts of a call that must not be repeated blindly
                                  ///< (of the message, then of the run), first included
    std::uint8_t toolRounds = 0;  ///< times that the model called tools
    bool keepsRequest = false;    ///< the request stays though the job is final
    bool isThreadGone = false;    ///< deleted: nobody can continue it
    bool isForeground = false;    ///< the provider takes no background work: its call is held
    bool isAssistantNew = false;  ///< it was looked for again since it turned out to be gone
    bool hadNoRun = false;        ///< final, and surely no run was ever started
    std::uint32_t polls = 0;
    std::uint64_t provider = 0;  ///< which one runs the job (caller's)
    std::uint64_t fallback = 0;  ///< which one takes a job that was not started; 0: none (caller's)
    std::uint64_t deadline = 0;  ///< of the run; of the clean-up once final; 0 before Begin
    std::uint64_t timeLeft = 0;  ///< ms that the run has when the client's outputs have come
    std::uint64_t intentAt = 0;  ///< a message or run may have been sent then; 0: surely not
    std::uint64_t notBefore = 0;  ///< the next call is not due earlier
    std::int64_t createdWall = 0;
    std::int64_t startedWall = 0;
    std::int64_t completedWall = 0;
    ProviderId threadId;
    ProviderId runId;
    IncompleteReason incompleteReason;  ///< the run ended so; or empty
    Usage usage;
};

/// May the job still use its thread? Until then the next one of the thread waits.
constexpr bool holdsThread(const Record& record) {
    return !isFinal(record.status) || record.phase == Phase::FindLostRun ||
           record.phase == Phase::CancelRun || record.phase == Phase::SubmitOutputs;
}

static_assert(std::is_trivially_copyable_v<Record> && std::is_standard_layout_v<Record>);

}  // namespace edgerun::run
