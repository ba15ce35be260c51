#pragma once

#include <cstdint>
#include <string_view>

#include "edgerun/run/responses_replies.h"
#include "edgerun/run/turn.h"

namespace edgerun::run {

/// One turn of the Responses machine.
///
/// How the phases follow each other (any of them can end in the clean-up):
///
///   CreateThread | FindMessage (a continued one: its newest item)
///         |
///      CreateRun -> PollRun* -> CallTools -> AwaitOutputs
///        ^  |  ^                    |             |
///        |  v  +--------------------+-------------+
///      FindRun
///
///   clean-up: CancelRun | FindLostRun -> SubmitOutputs -> DeleteRun* -> DeleteThread -> Done
///
/// Each round of tools is a response of its own; record.runId is the last one's. A provider that
/// takes no background work (record.isForeground) answers CreateRun when the response is over.
///
/// There is no list of responses. Where the outcome of CreateRun is unknown, the conversation
/// tells what it can: a response's items join it, input and output, when it has completed, and
/// while it runs the conversation is locked. So FindRun looks for the items, and if they are not
/// there, CreateRun is tried again: refused for the lock, it waits and looks again; accepted, the
/// former try had started nothing. That leaves a window: a response that completes between a look
/// and the next try is followed by another, or, where it ended with calls, makes the provider
/// refuse that one, which is looked up. The window is one round trip wide; without FindRun,
/// whatever such a response wrote would be done again.
///
/// Until there is a response that answers polls:
///   record.polls     of CreateRun and FindRun counts looks at the conversation; not 0: an earlier
///                    try may have started
///   record.failures  of CreateRun counts locks that are surely somebody else's
///   record.intentAt  stays, for the provider may turn out to show no responses in background
class ResponsesTurn final : public Turn {
public:
    using Turn::Turn;

private:
    // responses.cpp: how it begins, and what may go wrong
    void setOut() override;
    void setOutAlone();
    void createRun();
    void submitOutputs() override;
    Call call() const override;
    bool isHeld() const override;
    bool isOnceOnly(Phase phase) const override;
    bool seesTo(Failure& failure) override;
    bool conversationMayHaveMoved(const Failure& failure);
    bool conversationIsLocked(const Failure& failure);
    bool mayHoldTheLockItself() const;
    bool responseIsNotShown(const Failure& failure);
    void holdCallInstead();
    void lookUp(const Failure& failure) override;
    bool canLookUp() const;
    void lookAgain();

    // responses_progress.cpp: what a good reply leads to
    void progress(const Response& response) override;
    void threadCreated(std::string_view body);
    void newestItemRead(std::string_view body);
    void itemsLookedUp(std::string_view body);
    void runCreated(const Response& response);
    void takeLateRun(const Response& response) override;
    void take(const ResponseReply& reply);
    void runPolled(const Response& response);
    void settleStart();
    void follow(const ResponseReply& reply, const Response& response);
    void followEnd(const ResponseReply& reply);
    void conclude(const Output& output, std::string_view reason);
    void failRun(JobError error);

    // responses_cleanup.cpp
    void ended() override;
    void rememberResponse();
    Phase cleanUpFromHere() const override;
    Phase cleanUpAfter(Phase phase) const override;
    void cleanedUp(const Response& response) override;
    void lostRunLookedFor(std::string_view body);
    void runCancelled(std::string_view body);
    void callsClosed();
    void runDeleted();
    bool hasThreadUpstream() const override;
    bool deletesRuns() const override;
    bool mayHaveStarted() const;
    bool mayGoOnUnseen() const override;
    bool keepsConversation() const;
    Phase cleanUpOfCalls() const;
    void closeCalls(const ToolRound& round);
};

}  // namespace edgerun::run
