#pragma once

#include <string>
#include <string_view>

#include "edgerun/run/machine.h"
#include "edgerun/run/tool_round.h"

/// The requests of OpenAI Assistants v2, one for each phase.
/// https://platform.openai.com/docs/api-reference/threads
namespace edgerun::run {

/// The pairs that mark an assistant which edgerun_assistant describes: its name there, and
/// definitionMark() of what it said when the assistant was saved.
inline constexpr char kAssistantKey[] = "edgerun_assistant";
inline constexpr char kDefinitionKey[] = "edgerun_definition";

/// 16 hexadecimal digits.
std::string definitionMark(std::uint64_t hash);

/// What CreateAssistant and UpdateAssistant send.
std::string assistantBody(const Context& context);

/// The call of record.phase, without its time. CreateThread, AddMessage, CreateRun and those of
/// assistants need context.request; `work` is what the machine wrote last.
///
/// The request's metadata goes along with the run, beside the job's own pair;
/// without it where it is no object of at most 15 other pairs.
Call assistantsCall(const Context& context, const Record& record, const Work& work);

}  // namespace edgerun::run
