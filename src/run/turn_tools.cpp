#include <algorithm>

#include "edgerun/run/turn.h"
#include "edgerun/text/timestamp.h"

/// Rounds of function tools: the operator's are called by edgerun, the others by the client.
namespace edgerun::run {
namespace {

// Of an assistant that nothing here describes.
constexpr unsigned kMostRounds = 64;

bool isCalledHere(const Assistant* assistant, const FunctionCall& call) {
    const Function* function = assistant != nullptr ? assistant->functionNamed(call.name) : nullptr;
    return function != nullptr && function->isCalledHere;
}

/// What the model is told instead of an output, if nobody can make this call.
std::optional<std::string> objectionTo(const Assistant* assistant, const FunctionCall& call) {
    // An assistant that was set up elsewhere may have functions that only its clients know.
    const bool isOurs = assistant != nullptr && assistant->id.empty();
    if (isOurs && assistant->functionNamed(call.name) == nullptr) {
        return errorOutput("there is no such function");
    }
    if (!hasObjectAsArguments(call)) {
        return errorOutput("the arguments are not a JSON object");
    }
    return std::nullopt;
}

/// JSON could name it, but what is kept would not be read again.
std::string withoutNul(std::string text) {
    std::replace(text.begin(), text.end(), '\0', ' ');
    return text;
}

}  // namespace

const Work& Turn::work() const {
    if (!work_) {
        work_.emplace(context_.request.work);
    }
    return *work_;
}

void Turn::setWork() {
    step_.work = work().text();
}

void Turn::callTools(const ToolRound& round) {
    setRound(work(), round);
    setWork();
    record_.intentAt = 0;
    record_.failures = 0;
    record_.rounds = 0;
    record_.toolRounds += record_.toolRounds < UINT8_MAX ? 1 : 0;
    record_.phase = Phase::CallTools;
    goOnWithRequest();
}

void Turn::sendToolCalls() {
    const unsigned most =
        context_.assistant != nullptr ? context_.assistant->maxToolRounds : kMostRounds;
    if (record_.toolRounds > most) {
        return fail({"TooManyToolRounds",
                     "the model called tools more than " + std::to_string(most) + " times", 502});
    }
    ToolRound round = roundOf(work());
    ToolCalls calls{{}, record_.deadline};
    for (FunctionCall& call : round.calls) {
        if (call.output) {
            continue;
        }
        call.output = objectionTo(context_.assistant, call);
        if (!call.output && isCalledHere(context_.assistant, call)) {
            calls.calls.push_back({call.id, call.name, call.arguments});
        }
    }
    setRound(work(), round);
    setWork();
    if (!calls.calls.empty()) {
        step_.command = std::move(calls);
        return;
    }
    if (round.isComplete()) {
        return outputsAreThere();
    }
    awaitClient(round);
}

void Turn::takeOutputs(const ToolOutputs& outputs) {
    if (record_.phase != Phase::CallTools && record_.phase != Phase::AwaitOutputs) {
        return goOn();
    }
    ToolRound round = roundOf(work());
    for (const ToolOutput& output : outputs.outputs) {
        FunctionCall* call = round.callOf(output.id);
        if (call != nullptr && !call->output) {
            call->output = withoutNul(output.output);
        }
    }
    setRound(work(), round);
    setWork();
    if (round.isComplete()) {
        return outputsAreThere();
    }
    if (record_.phase == Phase::CallTools) {
        return awaitClient(round);
    }
    waitUntilDue();
}

/// The provider may have less than the operator. Its clock is another one, but not by much.
std::uint64_t Turn::patienceOf(const Work& work) const {
    const auto expires = text::integerMember(work.object(), "expires").value_or(0);
    const std::uint64_t most = context_.settings.actionTimeout;
    if (expires <= 0 || expires > INT64_MAX / 1000) {
        return most;
    }
    const std::int64_t left = expires * 1000 - context_.nowWall;
    return left <= 0 ? most : std::min(most, static_cast<std::uint64_t>(left));
}

/// The client has its own time for this; that of the run stands still.
void Turn::awaitClient(const ToolRound& round) {
    const std::uint64_t patience = patienceOf(work());
    const std::int64_t expires = context_.nowWall + static_cast<std::int64_t>(patience);
    record_.phase = Phase::AwaitOutputs;
    record_.status = JobStatus::RequiresAction;
    record_.timeLeft = timeLeft();
    record_.deadline = context_.now + patience;
    step_.visible = Visible{};
    step_.visible->requiredAction = requiredActionOf(round, text::formatTimestamp(expires));
    waitUntilDue();
}

void Turn::outputsAreThere() {
    if (record_.phase == Phase::AwaitOutputs) {
        record_.status = JobStatus::Running;
        record_.deadline = context_.now + std::max<std::uint64_t>(record_.timeLeft, 1);
        record_.timeLeft = 0;
        step_.visible = Visible{};
    }
    record_.notBefore = 0;
    submitOutputs();
}

}  // namespace edgerun::run
