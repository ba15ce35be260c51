#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/engine/provider.h"
#include "edgerun/engine/tool_cache.h"
#include "edgerun/loop/http_client.h"
#include "edgerun/loop/loop_event.h"
#include "edgerun/run/machine.h"
#include "edgerun/store/job_id.h"

namespace edgerun::engine {

/// For whom tools are called.
struct ToolCaller {
    std::string jobId;
    std::string user;  ///< as the tool is told; or empty
    store::JobOwner owner;
};

class ToolListener {
public:
    /// Told once, or never of a round that is lost. The round may be destroyed from here.
    virtual void onToolOutputs(run::ToolOutputs outputs) noexcept = 0;

protected:
    ~ToolListener() = default;
};

class ToolTry;

/// The calls of one round, all at once: each is tried as often as its FunctionTool says, and has
/// an output in the end, if only one that says what went wrong; but for a round that is lost when
/// its worker leaves. Bound to one worker's loop.
class ToolRunner {
public:
    /// `conf`, `client` and `cache` outlive the round. The listener is told from the loop, never
    /// from within the constructor.
    ToolRunner(loop::HttpClient& client, ToolCache& cache, const AssistantConf& conf,
               ToolCaller caller, const run::ToolCalls& calls, ToolListener& listener);
    /// What is under way is dropped.
    ~ToolRunner();
    ToolRunner(const ToolRunner&) = delete;
    ToolRunner& operator=(const ToolRunner&) = delete;

    /// A leaving worker drops calls that still wait for a connection, and with them the round,
    /// which is made again elsewhere: false then, once the calls that were sent have ended.
    bool mustStay() const;

private:
    friend class ToolTry;

    static void onReady(void* self) noexcept;
    std::string keyOf(const run::ToolCall& call) const;
    void begin(const run::ToolCall& call);
    void succeed(const run::ToolCall& call, const FunctionTool& tool, std::string_view output);
    void addOutput(const std::string& id, std::string output);

    loop::HttpClient& client_;
    ToolCache& cache_;
    const AssistantConf& conf_;
    ToolCaller caller_;
    std::uint64_t deadline_;
    ToolListener& listener_;
    std::size_t wanted_;
    std::size_t bytes_ = 0;  ///< of all outputs
    bool isLost_ = false;    ///< a call was dropped: there will be no outputs
    run::ToolOutputs outputs_;
    std::vector<std::unique_ptr<ToolTry>> tries_;
    loop::LoopEvent ready_;
};

}  // namespace edgerun::engine
