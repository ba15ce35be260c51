#pragma once

#include "edgerun/run/chat_reply.h"
#include "edgerun/run/turn.h"

namespace edgerun::run {

/// One turn of the machine for chat completions.
///
///   CreateRun -> Done
///     |    ^
///     v    |
///   CallTools -> AwaitOutputs
///
/// Each CreateRun is one held call: the model works as long as the call is there. So whatever
/// answers it ends it, and nothing has to be cancelled; but what came of a call whose answer got
/// lost nobody can tell.
///
/// A thread is the text in the work of its jobs (chat_work.h); DeleteThread has nothing to send.
class ChatTurn final : public Turn {
public:
    using Turn::Turn;

private:
    void setOut() override;
    bool takeThread();
    Call call() const override;
    bool isHeld() const override { return true; }
    bool isOnceOnly(Phase phase) const override { return phase == Phase::CreateRun; }
    bool seesTo(Failure& failure) override;
    void lookUp(const Failure& failure) override { failUnknown(failure); }

    void progress(const Response& response) override;
    void madeNoSense(const Response& response);
    void follow(const ChatReply& reply);
    void callFunctions(const ChatReply& reply);
    void submitOutputs() override;
    void answer(const ChatReply& reply);

    void ended() override;
    Phase cleanUpFromHere() const override { return Phase::DeleteThread; }
    bool hasThreadUpstream() const override { return false; }
};

}  // namespace edgerun::run
