#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edgerun/run/assistants_replies.h"
#include "edgerun/run/turn.h"

namespace edgerun::run {

/// One turn of the Assistants machine.
///
/// How the phases follow each other (any of them can end in the clean-up):
///
///   FindAssistant -> CreateAssistant | UpdateAssistant   (only where it is described here)
///         |
///   CreateThread -> AddMessage -> CreateRun -> PollRun* -> ListSteps -> ListMessages
///                    |  ^  |       |  ^  |      ^   |
///                    v  |  |       v  |  |      |   v
///                 FindMessage     FindRun ------+  CallTools -> AwaitOutputs
///                                               |   |             |
///                                               +- SubmitOutputs <+
///
///   clean-up: FindLostRun -> CancelRun -> DeleteThread -> Done
///
/// Where the outcome of CreateRun is unknown, record.guarantee may end the job or
/// lead to another CreateRun instead of FindRun.
///
/// A thread may be locked by somebody else's run, for minutes where that is being cancelled. Until
/// there is a run that is polled, record.polls counts such locks.
class AssistantsTurn final : public Turn {
public:
    using Turn::Turn;

private:
    // assistants.cpp
    void setOut() override;
    Call call() const override;
    bool isOnceOnly(Phase phase) const override;
    void progress(const Response& response) override;
    bool seesTo(Failure& failure) override;
    bool seesToCall() override;
    bool seesToNoRoom() override;
    void lookUp(const Failure& failure) override;
    void lookUpIn(Phase phase, std::uint64_t grace);
    void submitOutputs() override;
    Phase cleanUpFromHere() const override;
    void cleanedUp(const Response& response) override;
    bool threadIsLocked(const Failure& failure);
    bool mayHoldTheLockItself() const;
    bool mayHaveStarted() const;

    // assistants_setup.cpp: an assistant that edgerun_assistant describes
    bool knowsAssistant() const;
    void assistantsListed(std::string_view body);
    void assistantSaved(std::string_view body);
    void assistantIsThere();
    bool assistantIsGone(const Failure& failure);
    void lookForAssistantAgain();

    // assistants_progress.cpp: what a good reply leads to
    void threadCreated(std::string_view body);
    void messageAdded(std::string_view body);
    void messageLookedUp(std::string_view body);
    void messageIsThere();
    void runCreated(const Response& response);
    void runsLookedUp(const Response& response);
    std::uint64_t pauseAfterLook(bool otherRunIsGoing) const;
    void runPolled(const Response& response);
    void outputsSubmitted(const Response& response);
    void stepsRead(std::string_view body);
    void answerRead(std::string_view body);
    void takeLateRun(const Response& response) override;
    void adopt(const RunReply& run);
    void follow(const RunReply& run, const Response& response);
    void followCalls(const RunReply& run);
    void followEnd(const RunReply& run);
    void readAnswerNext();
};

}  // namespace edgerun::run
