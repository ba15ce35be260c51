#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/run/failure.h"
#include "edgerun/run/machine.h"
#include "edgerun/run/tool_round.h"

namespace edgerun::run {

/// What a phase does, to complete "could not ...".
const char* purposeOf(Phase phase);

/// What all dialects have in common: deadlines, failures and retries, calls that must not be
/// repeated blindly, rounds of function tools, the end of a job and what is left to do after it.
///
/// One turn takes a record and an event, and leaves a step. It is made for one next() and thrown
/// away; whoever has one calls on() once. A dialect says what its phases send, and where their
/// answers lead.
///
/// A call may be under way only where now >= record.notBefore held when it was
/// sent; a poll moves notBefore on to the time of the next one.
class Turn {
public:
    Turn(const Context& context, const Record& record);
    virtual ~Turn() = default;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    Step on(const Event& event);

protected:
    // --- what a dialect says ---

    /// The job begins; record.deadline is set, and threadId if it continues a thread. Sets the
    /// first phase, then goOn() or fail().
    virtual void setOut() = 0;
    /// The call of record.phase; with a time only where it is to have less than others. Ids in
    /// the record are valid ones.
    virtual Call call() const = 0;
    /// Does the provider answer this phase's call only when the run has ended?
    virtual bool isHeld() const { return false; }
    /// Carried out twice, it costs or spoils something.
    virtual bool isOnceOnly(Phase phase) const = 0;
    /// A 200 to 299 for a phase of a live job.
    virtual void progress(const Response& response) = 0;
    /// Before what follows from a failure is decided. True: the dialect has seen to it.
    virtual bool seesTo(Failure& failure) = 0;
    /// Before the call of record.phase is made. True: the dialect has seen to it.
    virtual bool seesToCall() { return false; }
    /// What this phase's step wrote into work has no room. True: the dialect goes on without it.
    virtual bool seesToNoRoom() { return false; }
    /// The outcome of a once-only call is unknown; the provider may be able to tell it.
    virtual void lookUp(const Failure& failure) = 0;
    /// May a run go on upstream that a try before the last one started?
    virtual bool mayGoOnUnseen() const { return wasTriedBlindly(); }
    /// A 200 to 299 for CreateRun, with the job's time over: the run's id, if it has one, is all
    /// that matters.
    virtual void takeLateRun(const Response&) {}
    /// All function calls of a round have their outputs.
    virtual void submitOutputs() = 0;
    /// The job is final, whichever way: what it shows and keeps may still be changed.
    virtual void ended() {}
    /// Which clean-up begins when a job ends in its present phase.
    virtual Phase cleanUpFromHere() const = 0;
    /// The clean-up that comes after this one; the thread is to be seen to at the end.
    virtual Phase cleanUpAfter(Phase) const { return Phase::DeleteThread; }
    /// A 200 to 299 for a clean-up phase, or there is nothing to undo any more.
    virtual void cleanedUp(const Response&) { enterCleanUp(cleanUpAfter(record_.phase)); }
    /// Is there something for DeleteRun, before the thread is deleted?
    virtual bool deletesRuns() const { return false; }
    /// The thread is wanted no more: DeleteThread sends its call, or there is nothing to send.
    virtual bool hasThreadUpstream() const { return true; }

    // --- commands: turn.cpp ---

    void goOn();
    void send();
    void waitUntilDue();
    /// Not by this event, but by the next one, which comes at once with request and assistant.
    void goOnWithRequest();
    void schedulePoll(const Response& hints);
    /// The run is there, or another one: its client sees it.
    void showRunning();

    // --- failures: turn_failures.cpp ---

    void onFailure(Failure failure);
    void tryAgain(const Failure& failure, unsigned tries);
    void failUnknown(const Failure& failure);
    bool hasTriesLeft() const { return record_.rounds <= context_.settings.retries; }
    /// The last try was surely not carried out.
    void startOver(Phase phase, const char* why, std::uint64_t pause);

    // --- tools: turn_tools.cpp ---

    /// The model called functions: a new round, unless there were too many.
    void callTools(const ToolRound& round);
    /// Request::work, with what this turn changed in it; setWork() has it kept.
    const Work& work() const;
    void setWork();

    // --- the end: turn_cleanup.cpp ---

    void finish(JobStatus status, Visible visible, Phase cleanUp);
    void fail(JobError error);
    /// By what the provider says of its run, raw; the code may be empty.
    void runFailed(std::string_view code, std::string_view message, Phase cleanUp);
    /// With at_least_once, may a try before the last one have become a run?
    bool wasTriedBlindly() const;
    void enterCleanUp(Phase phase);
    void cleanUpFailed(const Failure& failure);

    const char* purpose() const { return purposeOf(record_.phase); }
    void note(std::string text);
    /// `status` is raw. Once for each job.
    void noteOddStatus(std::string_view status);
    std::uint64_t timeLeft() const;

    const Context& context_;
    Step step_;
    Record& record_;

private:
    void onLive(const Event& event);
    void begin();
    void noRoom();
    void onReply(const Response& response);
    bool isStray(const Event& event) const;
    bool isHeldToTheEnd(const Event& event) const;
    bool isLateStart(const Response& response) const;
    bool isUnsettled() const;
    void outcomeIsUnknown(const Failure& failure);
    bool nothingWasStarted() const;

    void sendToolCalls();
    void takeOutputs(const ToolOutputs& outputs);
    std::uint64_t patienceOf(const Work& work) const;
    void awaitClient(const ToolRound& round);
    void outputsAreThere();

    void cancel();
    void timedOut();
    void onFinal(const Event& event);
    void onCleanUpReply(const Response& response);
    void enterDeleteThread();
    void deleteThread();

    mutable std::optional<Work> work_;
};

}  // namespace edgerun::run
