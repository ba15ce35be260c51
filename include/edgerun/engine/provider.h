#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/loop/upstream.h"
#include "edgerun/run/machine.h"
#include "edgerun/store/provider_page.h"
#include "edgerun/text/sanitizer.h"

namespace edgerun::engine {

/// One edgerun_provider, complete. Constant for the life of a configuration.
struct Provider {
    std::string name;
    std::uint64_t key = 0;  ///< stableHash(name): how a job's record names it
    const run::Machine* machine = nullptr;
    run::Settings settings;
    store::FailurePolicy failurePolicy;
    loop::Upstream upstream;
    std::string assistant;  ///< the default one, a name or an id; or empty
    /// What the operator must set before jobs can run, or empty.
    std::string missing;
};

/// The operator's own endpoint for a function. It takes POST {tool, arguments, jobId, toolCallId,
/// user}; its body is the output.
struct FunctionTool {
    std::string name;                ///< of the function
    loop::Upstream upstream;         ///< its path is the whole path
    std::uint64_t timeout = 10'000;  ///< ms, of one try
    unsigned retries = 2;            ///< of failures to connect, and of 429, 502, 503 and 504
    std::uint64_t cacheTime = 0;     ///< ms that an output answers equal calls of its user; 0: none
};

/// One edgerun_assistant, complete.
struct AssistantConf {
    run::Assistant definition;
    std::uint64_t hash = 0;  ///< stableHash() of all that `definition` says
    std::vector<FunctionTool> tools;
    /// What the operator must set before its jobs can run, or empty.
    std::string missing;

    const FunctionTool* toolNamed(std::string_view wanted) const {
        for (const FunctionTool& tool : tools) {
            if (tool.name == wanted) {
                return &tool;
            }
        }
        return nullptr;
    }
};

class ProviderDirectory {
public:
    /// Null if this configuration has no such provider.
    virtual const Provider* findProvider(std::uint64_t key) const = 0;
    /// Null if it has no such edgerun_assistant: then it is an id of the provider's.
    virtual const AssistantConf* findAssistant(std::string_view name) const = 0;
    /// Null if it has no such edgerun_sanitize.
    virtual const text::Sanitizer* findSanitizer(std::string_view name) const = 0;

protected:
    ~ProviderDirectory() = default;
};

}  // namespace edgerun::engine
