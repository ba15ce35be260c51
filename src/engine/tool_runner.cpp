#include "edgerun/engine/tool_runner.h"

#include <algorithm>
#include <exception>

#include "edgerun/engine/clocks.h"
#include "edgerun/run/retry.h"
#include "edgerun/run/tool_round.h"
#include "edgerun/text/json.h"
#include "edgerun/text/utf8.h"

namespace edgerun::engine {

namespace {

constexpr std::size_t kMostOutputs = 512 * 1024;  // bytes of a round's
constexpr std::size_t kArgumentDepth = 64;

std::string sortedArguments(std::string_view arguments) {
    const auto parsed = text::parseJson(arguments, {arguments.size(), kArgumentDepth});
    return parsed ? text::dumpSortedJson(parsed.get()) : std::string(arguments);
}

/// https://www.rfc-editor.org/rfc/rfc9110#section-15: what the next try may not meet any more.
bool isPassing(const loop::TransferResult& result) {
    return result.outcome == loop::TransferOutcome::NotSent ||
           (result.outcome == loop::TransferOutcome::Complete &&
            (result.status == 429 || (result.status >= 502 && result.status <= 504)));
}

bool isGood(const loop::TransferResult& result) {
    return result.outcome == loop::TransferOutcome::Complete && result.status >= 200 &&
           result.status <= 299 && result.body.size() <= run::kMostOutputBytes &&
           text::isValidUtf8(result.body);
}

/// What the model is told of a call that failed.
std::string faultOf(const loop::TransferResult& result) {
    switch (result.outcome) {
        case loop::TransferOutcome::Complete:
            break;
        case loop::TransferOutcome::NotSent:
            return run::errorOutput("the tool cannot be reached");
        case loop::TransferOutcome::Unknown:
            return run::errorOutput("no whole answer came from the tool");
        case loop::TransferOutcome::TooLarge:
            return run::errorOutput("the tool's answer is larger than allowed");
    }
    if (result.status < 200 || result.status > 299) {
        return run::errorOutput("the tool answered " + std::to_string(result.status));
    }
    return run::errorOutput(result.body.size() > run::kMostOutputBytes
                                ? "the tool's answer is larger than allowed"
                                : "the tool's answer is not UTF-8");
}

}  // namespace

/// One call of a round.
class ToolTry final : public loop::TransferOwner {
public:
    ToolTry(ToolRunner& runner, const FunctionTool& tool, run::ToolCall call)
        : runner_(runner), tool_(tool), call_(std::move(call)), pause_(onPause, this) {
        start();
    }
    ~ToolTry() {
        if (transfer_ != nullptr) {
            runner_.client_.cancel(transfer_);
        }
    }
    ToolTry(const ToolTry&) = delete;
    ToolTry& operator=(const ToolTry&) = delete;

    void onTransfer(const loop::TransferResult& result) noexcept override;
    bool mayStillSend() noexcept override { return true; }
    void onAbandoned() noexcept override;

    bool isUnderWay() const { return transfer_ != nullptr; }

private:
    static void onPause(void* self) noexcept;
    std::uint64_t timeLeft() const;
    std::string body() const;
    void start();

    ToolRunner& runner_;
    const FunctionTool& tool_;
    run::ToolCall call_;
    unsigned tries_ = 0;
    loop::Transfer* transfer_ = nullptr;
    loop::LoopEvent pause_;
};

void ToolTry::onTransfer(const loop::TransferResult& result) noexcept {
    transfer_ = nullptr;
    try {
        const auto pause = run::pauseBefore(tries_, static_cast<std::uint32_t>(ngx_random()),
                                            result.retryAfter, timeLeft());
        if (isPassing(result) && tries_ <= tool_.retries && pause && *pause < timeLeft()) {
            return pause_.after(*pause);
        }
        if (isGood(result)) {
            return runner_.succeed(call_, tool_, result.body);
        }
        runner_.addOutput(call_.id, faultOf(result));
    } catch (const std::exception&) {
        pause_.after(1'000);
    }
}

void ToolTry::onAbandoned() noexcept {
    transfer_ = nullptr;
    runner_.isLost_ = true;
}

void ToolTry::onPause(void* self) noexcept {
    auto* one = static_cast<ToolTry*>(self);
    try {
        one->start();
    } catch (const std::exception&) {
        one->pause_.after(1'000);
    }
}

void ToolTry::start() {
    loop::TransferRequest request;
    request.method = loop::HttpMethod::Post;
    request.body = body();
    request.timeout = std::max<std::uint64_t>(std::min(tool_.timeout, timeLeft()), 1);
    request.once = true;
    transfer_ = runner_.client_.start(tool_.upstream, std::move(request), *this);
    ++tries_;
}

std::uint64_t ToolTry::timeLeft() const {
    const std::uint64_t now = monotonicNow();
    return runner_.deadline_ > now ? runner_.deadline_ - now : 0;
}

std::string ToolTry::body() const {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string("tool", call_.name);
    writer.raw("arguments", call_.arguments);
    writer.string("jobId", runner_.caller_.jobId);
    writer.string("toolCallId", call_.id);
    if (!runner_.caller_.user.empty()) {
        writer.string("user", runner_.caller_.user);
    }
    writer.finish();
    return json;
}

ToolRunner::ToolRunner(loop::HttpClient& client, ToolCache& cache, const AssistantConf& conf,
                       ToolCaller caller, const run::ToolCalls& calls, ToolListener& listener)
    : client_(client),
      cache_(cache),
      conf_(conf),
      caller_(std::move(caller)),
      deadline_(calls.deadline),
      listener_(listener),
      wanted_(calls.calls.size()),
      ready_(onReady, this) {
    tries_.reserve(wanted_);
    for (const run::ToolCall& call : calls.calls) {
        begin(call);
    }
}

ToolRunner::~ToolRunner() = default;

/// What was sent is heard to its end even if the round is made again: an endpoint is not asked
/// twice at once.
bool ToolRunner::mustStay() const {
    return !isLost_ || std::any_of(tries_.begin(), tries_.end(),
                                   [](const auto& one) { return one->isUnderWay(); });
}

void ToolRunner::begin(const run::ToolCall& call) {
    const FunctionTool* tool = conf_.toolNamed(call.name);
    if (tool == nullptr) {
        return addOutput(call.id, run::errorOutput("there is no such function"));
    }
    const auto known =
        tool->cacheTime > 0 ? cache_.find(keyOf(call), monotonicNow()) : std::nullopt;
    if (known) {
        return addOutput(call.id, *known);
    }
    tries_.push_back(std::make_unique<ToolTry>(*this, *tool, call));
}

void ToolRunner::succeed(const run::ToolCall& call, const FunctionTool& tool,
                         std::string_view output) {
    if (tool.cacheTime > 0) {
        cache_.keep(keyOf(call), output, monotonicNow() + tool.cacheTime);
    }
    addOutput(call.id, std::string(output));
}

/// One user's outputs answer no other's calls.
std::string ToolRunner::keyOf(const run::ToolCall& call) const {
    std::string key(reinterpret_cast<const char*>(&caller_.owner), sizeof(caller_.owner));
    key.append(conf_.definition.name).append(1, '\0').append(call.name).append(1, '\0');
    return key.append(sortedArguments(call.arguments));
}

void ToolRunner::addOutput(const std::string& id, std::string output) {
    if (bytes_ + output.size() > kMostOutputs) {
        output = run::errorOutput("the tools' answers are larger than allowed in all");
    }
    bytes_ += output.size();
    outputs_.outputs.push_back({id, std::move(output)});
    if (outputs_.outputs.size() == wanted_) {
        ready_.post();
    }
}

void ToolRunner::onReady(void* self) noexcept {
    auto* runner = static_cast<ToolRunner*>(self);
    runner->listener_.onToolOutputs(std::move(runner->outputs_));
}

}  // namespace edgerun::engine
