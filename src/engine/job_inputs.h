#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "edgerun/engine/provider.h"
#include "edgerun/store/job_request.h"

namespace edgerun::engine {

/// What a machine is told beside the record.
struct JobInputs {
    std::optional<store::JobRequest> request;
    std::string query;          ///< the request's, and its context
    std::string assistantName;  ///< or the provider's id
    const AssistantConf* assistant = nullptr;
    std::uint64_t assistantHash = 0;  ///< of all that it says at this provider
    std::uint64_t definition = 0;     ///< names `assistant` at this provider for all workers
    std::string assistantId;
    bool maySetUpAssistant = false;
    std::string memory;
};

/// A name of edgerun_assistant, or the provider's id; the provider's default where the job named
/// none.
inline const std::string& assistantNameOf(const store::JobRequest& request,
                                          const Provider& provider) {
    return request.assistant.empty() ? provider.assistant : request.assistant;
}

}  // namespace edgerun::engine
