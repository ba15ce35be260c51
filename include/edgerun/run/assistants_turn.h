#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edgerun/run/assistants_replies.h"
#include "edgerun/run/failure.h"
#include "edgerun/run/machine.h"

namespace edgerun::run {

/// One turn of the Assistants machine: takes a record and an event, leaves a
/// step. Made for one next() and thrown away; whoever has one calls on() once.
///
/// How the phases follow each other (any of them can end in the clean-up):
///
///   CreateThread -> AddMessage -> CreateRun -> PollRun* -> ListMessages
///                    |  ^  |       |  ^  |      ^
///                    v  |  |       v  |  |      |
///                 FindMessage     FindRun ------+
///
///   clean-up: FindLostRun -> CancelRun -> DeleteThread -> Done
///
/// Where the outcome of CreateRun is unknown, record.guarantee may end the job or
/// lead to another CreateRun instead of FindRun.
///
/// A call may be under way only where now >= record.notBefore held when it was
/// sent; a poll moves notBefore on to the time of the next one.
class AssistantsTurn {
public:
    AssistantsTurn(const Context& context, const Record& record);

    AssistantsTurn(const AssistantsTurn&) = delete;
    AssistantsTurn& operator=(const AssistantsTurn&) = delete;

    Step on(const Event& event);

private:
    // assistants.cpp: what an event means while the job is live
    void onLive(const Event& event);
    void begin();
    void onReply(const Response& response);
    void onFailure(Failure failure);
    void tryAgain(const Failure& failure, unsigned tries);
    void outcomeIsUnknown(const Failure& failure);
    void lookUp(const Failure& failure);
    void failUnknown(const Failure& failure);
    bool mayHoldTheLockItself() const;

    // assistants.cpp: commands
    void goOn();
    void send();
    void waitUntilDue();

    // assistants_progress.cpp: what a good reply leads to
    void progress(const Response& response);
    void threadCreated(std::string_view body);
    void messageAdded(std::string_view body);
    void messageLookedUp(std::string_view body);
    void messageIsThere();
    void runCreated(const Response& response);
    void runsLookedUp(const Response& response);
    void runPolled(const Response& response);
    void answerRead(std::string_view body);
    void adopt(const RunReply& run, const Response& response);
    void follow(const RunReply& run, const Response& response);
    void followGoing(const RunReply& run);
    void followEnd(const RunReply& run);
    void startOver(Phase phase, const char* why, std::uint64_t pause);
    void schedulePoll(const Response& hints);

    // assistants_cleanup.cpp: final statuses and what is left to do after them
    void finish(JobStatus status, Visible visible, Phase cleanUp);
    void fail(JobError error);
    void cancel();
    void runTimedOut();
    Phase cleanUpFromHere() const;
    void onFinal(const Event& event);
    void cleanedUp(const Response& response);
    void cleanUpFailed(const Failure& failure);
    void enterCleanUp(Phase phase);

    bool isStray(const Event& event) const;
    const char* purpose() const;
    void note(std::string text);

    const Context& context_;
    Step step_;
    Record& record_;
};

}  // namespace edgerun::run
