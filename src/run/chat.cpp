#include "edgerun/run/chat_request.h"
#include "edgerun/run/chat_turn.h"
#include "edgerun/run/chat_work.h"
#include "edgerun/run/run_members.h"

namespace edgerun::run {
namespace {

class ChatMachine final : public Machine {
public:
    Step next(const Context& context, const Record& record, const Event& event) const override {
        return ChatTurn(context, record).on(event);
    }

    /// Every call carries all that was said, and every end leaves some of it behind.
    bool needsRequest(const Record& record) const override { return !isFinal(record.status); }
    bool remembersThreads(const Settings&) const override { return true; }
    std::vector<std::string> headers() const override { return {}; }
};

bool hasForeignTools(const Assistant* assistant) {
    return assistant != nullptr &&
           (assistant->hasCodeInterpreter || !assistant->vectorStores.empty());
}

/// The last thing that the model said. Some say it together with their last calls, and then
/// nothing more.
std::string_view lastTextOf(const std::vector<ChatMessage>& messages) {
    for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
        if (!message->text.empty()) {
            return message->text;
        }
    }
    return {};
}

}  // namespace

const Machine& chatMachine() {
    static const ChatMachine machine;
    return machine;
}

// --- the call ---

void ChatTurn::setOut() {
    record_.phase = Phase::CreateRun;
    if (!takeThread()) {
        record_.isThreadGone = true;
        return fail({"ThreadUnknown", "the thread is not known any more", 404});
    }
    if (hasForeignTools(context_.assistant)) {
        return fail(
            {"ProviderError", "code_interpreter and file_search are not offered by api chat", 502});
    }
    showRunning();
    goOn();
}

/// It goes into the job's own work at once: the former job may be forgotten meanwhile.
bool ChatTurn::takeThread() {
    if (record_.ownsThread && context_.settings.keepThreads == 0) {
        return true;
    }
    if (record_.ownsThread) {
        record_.threadId.assign("thread_" + std::string(context_.jobId));
        beginHistory(work());
    } else if (!takeHistory(work(), context_.request.memory)) {
        return false;
    }
    record_.keepsRequest = true;
    setWork();
    return true;
}

Call ChatTurn::call() const {
    Call call;
    call.method = Method::Post;
    call.path = "/chat/completions";
    call.body = chatRequest(context_, work());
    return call;
}

/// A whole answer of any status means that nothing runs on: that call surely starts no run.
bool ChatTurn::seesTo(Failure& failure) {
    if (failure.outcome == Outcome::Unreadable) {
        fail(failure.error);
        return true;
    }
    if (!failure.isAnswered || record_.guarantee == StartGuarantee::AtMostOnce) {
        return false;
    }
    if (failure.outcome == Outcome::Unknown) {
        failure.outcome = Outcome::RefusedForNow;
    } else if (failure.outcome == Outcome::UnknownForGood) {
        failure.outcome = Outcome::RefusedForGood;
    }
    return false;
}

// --- its answer ---

void ChatTurn::progress(const Response& response) {
    const auto reply = readChatReply(response.body, record_.toolRounds + 1U);
    if (!reply) {
        return madeNoSense(response);
    }
    if (record_.runId.empty()) {
        record_.runId = reply->id;
    }
    record_.usage = sumOf(record_.usage, reply->usage);
    follow(*reply);
}

/// Routers tell an error of the server behind them so, having said 200 before they asked it.
/// Other nonsense may have been paid, and is likely to come again.
void ChatTurn::madeNoSense(const Response& response) {
    if (const std::optional<int> status = errorStatusIn(response.body)) {
        Response meant = response;
        meant.status = *status;
        Failure failure = refusal(meant, purpose());
        if (failure.outcome == Outcome::Accepted) {
            failure.outcome = Outcome::RefusedForGood;
        }
        return onFailure(std::move(failure));
    }
    Failure failure = nonsense(purpose());
    if (record_.guarantee == StartGuarantee::AtLeastOnce) {
        return onFailure(std::move(failure));
    }
    note(failure.note);
    fail(std::move(failure.error));
}

void ChatTurn::follow(const ChatReply& reply) {
    switch (reply.end) {
        case ChatEnd::Answered:
            return answer(reply);
        case ChatEnd::CallsTools:
            return callFunctions(reply);
        case ChatEnd::BadCalls:
            return fail(
                {"ProviderError", "the model called tools in a way that makes no sense", 502});
        case ChatEnd::OldCall:
            return fail({"ProviderError",
                         "the provider calls functions by function_call, which tool_calls have "
                         "replaced",
                         502});
        case ChatEnd::Failed:
            return runFailed({}, reply.errorMessage, Phase::DeleteThread);
    }
}

void ChatTurn::callFunctions(const ChatReply& reply) {
    addMessage(work(), reply.id.view(), reply.text);
    callTools(reply.calls);
}

void ChatTurn::submitOutputs() {
    endRound(work());
    setWork();
    record_.phase = Phase::CreateRun;
    goOn();
}

void ChatTurn::answer(const ChatReply& reply) {
    const std::string& reason = reply.incompleteReason;
    addMessage(work(), reply.id.view(), reply.text);
    const std::string text(lastTextOf(messagesOf(work())));
    if (text.empty()) {
        return fail(noAnswer(reason));
    }
    record_.incompleteReason.assign(reason);
    finish(JobStatus::Completed, {text, std::nullopt, reason, {}, {}}, Phase::DeleteThread);
}

// --- the end ---

/// The thread goes on from here: with what was answered, or as it was before.
void ChatTurn::ended() {
    step_.visible->steps = chatSteps(work());
    if (!record_.keepsRequest) {
        return;
    }
    if (step_.visible->answer) {
        addExchange(work(), context_.request.ownQuery, *step_.visible->answer,
                    context_.settings.maxHistory);
    }
    keepHistoryAlone(work());
    setWork();
}

}  // namespace edgerun::run
