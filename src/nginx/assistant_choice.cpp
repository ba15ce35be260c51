#include "edgerun/nginx/assistant_choice.h"

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/dialect.h"
#include "edgerun/run/provider_id.h"

namespace edgerun::nginx {

namespace {

using Kind = AssistantChoice::Kind;

bool isOf(const engine::Provider& provider, Dialect dialect) {
    const DialectRow* row = dialectOf(provider.machine);
    return row != nullptr && row->dialect == dialect;
}

bool isAssistantId(std::string_view text) {
    constexpr std::string_view kBegin = "asst_";
    return text.size() > kBegin.size() && text.substr(0, kBegin.size()) == kBegin &&
           run::isProviderId(text);
}

std::string missingModel(const engine::Provider& provider, const AssistantChoice& choice) {
    const bool isDescribed = choice.conf != nullptr;
    const bool hasModel =
        !provider.settings.model.empty() || (isDescribed && !choice.conf->definition.model.empty());
    if (hasModel) {
        return {};
    }
    return "set model in edgerun_provider " + quoted(provider.name) +
           (isDescribed ? " or in edgerun_assistant " + quoted(choice.name) : "");
}

}  // namespace

AssistantChoice chooseAssistant(const engine::ProviderDirectory& directory,
                                const engine::Provider& provider, std::string_view name) {
    AssistantChoice choice;
    choice.name = name.empty() ? provider.assistant : name;
    choice.conf = directory.findAssistant(choice.name);
    if (choice.conf != nullptr) {
        choice.kind = Kind::Described;
    } else if (isOf(provider, Dialect::Assistants) && isAssistantId(choice.name)) {
        choice.kind = Kind::Id;
    } else if (!choice.name.empty()) {
        choice.kind = Kind::Unknown;
    }
    return choice;
}

std::string unofferedTools(const engine::Provider& provider, const AssistantChoice& choice) {
    if (!isOf(provider, Dialect::Chat) || choice.conf == nullptr) {
        return {};
    }
    const run::Assistant& assistant = choice.conf->definition;
    const char* tool = assistant.hasCodeInterpreter      ? "code_interpreter"
                       : !assistant.vectorStores.empty() ? "file_search"
                                                         : nullptr;
    return tool == nullptr ? std::string()
                           : "edgerun_assistant " + quoted(choice.name) + " has " + tool +
                                 ", which \"api chat\" of edgerun_provider " +
                                 quoted(provider.name) + " does not offer";
}

std::string whatIsMissing(const engine::Provider& provider, const AssistantChoice& choice) {
    if (choice.conf != nullptr && !choice.conf->missing.empty()) {
        return choice.conf->missing;
    }
    if (!isOf(provider, Dialect::Assistants)) {
        return missingModel(provider, choice);
    }
    if (choice.conf != nullptr) {
        return choice.conf->definition.id.empty() ? missingModel(provider, choice) : "";
    }
    return choice.kind == Kind::Id ? ""
                                   : "set assistant in edgerun_provider " + quoted(provider.name) +
                                         " or in edgerun_jobs";
}

}  // namespace edgerun::nginx
