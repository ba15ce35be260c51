#pragma once

#include <string>
#include <string_view>

#include "edgerun/engine/provider.h"

namespace edgerun::nginx {

/// What an assistant's name means at one provider.
struct AssistantChoice {
    enum class Kind {
        None,       ///< neither the job nor the provider names one
        Described,  ///< by an edgerun_assistant: `conf`
        Id,         ///< the provider's own
        Unknown,
    };
    Kind kind = Kind::None;
    std::string name;
    const engine::AssistantConf* conf = nullptr;
};

/// `name` is the job's; empty: the provider's default.
AssistantChoice chooseAssistant(const engine::ProviderDirectory& directory,
                                const engine::Provider& provider, std::string_view name);

/// What the assistant has that the provider's dialect does not offer; or nothing.
std::string unofferedTools(const engine::Provider& provider, const AssistantChoice& choice);

/// What the operator must set before such jobs can run, or nothing.
std::string whatIsMissing(const engine::Provider& provider, const AssistantChoice& choice);

}  // namespace edgerun::nginx
