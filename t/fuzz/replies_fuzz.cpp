// A job in any phase gets a provider's response, whatever that is: what follows can be sent, shown
// and kept.
//
// The first byte chooses the dialect, the second the phase, the third what else is so. The rest is
// the job's work up to the first line feed, and the response behind it.

#include <algorithm>

#include "edgerun/run/machine.h"
#include "edgerun/run/steps.h"
#include "edgerun/text/json.h"
#include "property.h"

namespace edgerun::fuzz {
namespace {

using namespace run;

constexpr std::uint64_t kNow = 1'000'000;  // ms

Assistant helper() {
    Assistant assistant;
    assistant.name = "helper";
    assistant.functions = {{"here", R"({"name":"here"})", true},
                           {"there", R"({"name":"there"})", false}};
    return assistant;
}

struct Input {
    std::string_view work;
    std::string_view body;
    unsigned dialect = 0;
    unsigned phase = 0;
    unsigned flags = 0;
};

Input inputOf(std::string_view bytes) {
    Input input;
    input.dialect = static_cast<unsigned char>(bytes[0]) % 3;
    input.phase = static_cast<unsigned char>(bytes[1]);
    input.flags = static_cast<unsigned char>(bytes[2]);
    const std::string_view rest = bytes.substr(3);
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    input.work = rest.substr(0, end);
    input.body = rest.substr(std::min(end + 1, rest.size()));
    return input;
}

const Machine& machineOf(unsigned dialect) {
    return dialect == 0 ? assistantsMachine() : dialect == 1 ? responsesMachine() : chatMachine();
}

bool isOfARun(Phase phase) {
    constexpr Phase kPhases[] = {Phase::PollRun,       Phase::CallTools, Phase::AwaitOutputs,
                                 Phase::SubmitOutputs, Phase::ListSteps, Phase::ListMessages,
                                 Phase::CancelRun,     Phase::DeleteRun};
    return std::find(std::begin(kPhases), std::end(kPhases), phase) != std::end(kPhases);
}

bool isCleanUp(Phase phase) {
    constexpr Phase kPhases[] = {Phase::FindLostRun, Phase::CancelRun, Phase::DeleteRun,
                                 Phase::DeleteThread, Phase::Done};
    return std::find(std::begin(kPhases), std::end(kPhases), phase) != std::end(kPhases);
}

/// What a machine could have written itself: ids in it have been looked at.
std::string soundWork(std::string_view text) {
    const Work given(text);
    const Work work("");
    for (const char* name : {"calls", "steps", "stepBytes"}) {
        if (json_t* value = json_object_get(given.object(), name)) {
            work.set(name, json_incref(value));
        }
    }
    return work.text();
}

Record recordOf(const Input& input) {
    Record record;
    record.phase = static_cast<Phase>(input.phase % (static_cast<unsigned>(kLastPhase) + 1));
    record.deadline = kNow + 90'000;
    record.ownsThread = (input.flags & 1) != 0;
    record.threadId.assign("thread_1");
    if ((input.flags & 2) != 0 || isOfARun(record.phase)) {
        record.runId.assign("run_1");
        record.status = JobStatus::Running;
    }
    record.intentAt = (input.flags & 4) != 0 ? kNow - 10 : 0;
    record.toolRounds = (input.flags & 8) != 0 ? 1 : 0;
    record.status = isCleanUp(record.phase) ? JobStatus::Cancelled : record.status;
    record.keepsRequest = (input.flags & 32) != 0;
    return record;
}

void mustBeText(std::string_view text) {
    must(text::isValidUtf8(text), "what is shown or sent is UTF-8");
}

text::JsonPtr mustBeJson(std::string_view text) {
    text::JsonPtr value = text::parseJson(text, {text.size(), 256, 1'000'000});
    must(value != nullptr, "what is written as JSON can be read");
    return value;
}

void mustBeCall(const Call& call) {
    must(!call.path.empty() && call.path.front() == '/', "a path begins with a slash");
    must(call.path.find("//") == std::string::npos && call.path.find("..") == std::string::npos,
         "a path does not leave its place");
    must(call.path.find_first_not_of("/?&=[]%_.-abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == std::string::npos,
         "a path needs no escaping");
    must(call.timeout > 0, "a call has some time");
    if (!call.body.empty()) {
        mustBeJson(call.body);
    }
}

void mustBeVisible(const Visible& visible) {
    if (visible.answer) {
        mustBeText(*visible.answer);
    }
    if (visible.error) {
        mustBeText(visible.error->message);
        mustBeShowable(visible.error->message);
    }
    mustBeShowable(visible.incompleteReason);
    if (!visible.requiredAction.empty()) {
        must(json_is_object(mustBeJson(visible.requiredAction).get()), "an action is an object");
    }
    if (!visible.steps.empty()) {
        must(visible.steps.size() <= kMostStepBytes, "steps are not above their bytes");
        must(json_array_size(mustBeJson(visible.steps).get()) <= kMostSteps,
             "steps are not above their number");
    }
}

void mustBeRound(const ToolRound& round) {
    must(round.calls.size() <= kMostCalls, "a round is not above its number of calls");
    for (const FunctionCall& call : round.calls) {
        mustBeText(call.name);
        mustBeText(call.arguments);
    }
}

/// Kept as it was written, and read again as the same.
void mustBeWork(std::string_view text) {
    const Work work(text);
    must(work.text() == text, "work is the same after it was read again");
    const ToolRound round = roundOf(work);
    setRound(work, round);
    const ToolRound again = roundOf(Work(work.text()));
    must(again.calls.size() == round.calls.size(), "a round is the same after it was kept");
}

void mustBeStep(const Record& before, const Step& step) {
    must(!isFinal(before.status) || step.record.status == before.status, "final ones never change");
    must(step.record.status != JobStatus::Pending || before.status == JobStatus::Pending,
         "a status never goes back");
    must((step.record.phase == Phase::Done) == std::holds_alternative<Finished>(step.command),
         "only what is done is finished");
    if (const auto* call = std::get_if<Call>(&step.command)) {
        mustBeCall(*call);
    }
    if (step.parting) {
        mustBeCall(*step.parting);
    }
    if (step.visible) {
        mustBeVisible(*step.visible);
    }
    if (step.work) {
        mustBeWork(*step.work);
    }
    mustBeShowable(step.note);
}

/// Like the engine: request, work and assistant only where they are asked for.
Step next(const Input& input, const Record& record, std::string_view work, const Event& event) {
    static const Assistant assistant = helper();
    static const Settings settings;
    const Machine& machine = machineOf(input.dialect);
    const bool isLoaded = machine.needsRequest(record);
    const Request request =
        isLoaded ? Request{"What?", "What?", "", "", "asst_1", work, ""} : Request{};
    const bool isDescribed = isLoaded && (input.flags & 64) != 0;
    const Context context{settings,
                          "job1",
                          request,
                          kNow,
                          1'700'000'000'000,
                          0,
                          isDescribed ? &assistant : nullptr,
                          (input.flags & 128) != 0 ? "asst_5" : "",
                          0x1234,
                          true,
                          false,
                          false};
    Step step = machine.next(context, record, event);
    mustBeStep(record, step);
    return step;
}

/// The response, and then what the job's caller would do at once.
void checkReply(const Input& input) {
    Response response;
    response.status = 200;
    response.body = input.body;
    const std::string former = soundWork(input.work);
    const Step step = next(input, recordOf(input), former, response);
    const std::string work = step.work.value_or(former);
    if (std::holds_alternative<Wait>(step.command)) {
        next(input, step.record, work, Timer{});
    }
    next(input, step.record, work, Resume{});
    const ToolRound round = roundOf(Work(work));
    if (step.work && step.record.phase == Phase::CallTools) {
        mustBeRound(round);
    }
    ToolOutputs outputs;
    for (const FunctionCall& call : round.calls) {
        outputs.outputs.push_back({call.id, "done"});
    }
    next(input, step.record, work, outputs);
    outputsFit(input.work, outputs);
}

}  // namespace
}  // namespace edgerun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgerun::fuzz;
    if (size >= 3) {
        checkReply(inputOf(textOf(data, size)));
    }
    return 0;
}
