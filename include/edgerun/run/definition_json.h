#pragma once

#include <string>
#include <string_view>

#include "edgerun/run/machine.h"

/// What an edgerun_assistant says and what a job is marked with, as the dialects send it.
namespace edgerun::run {

/// The metadata pair that marks what a job made upstream; its value is the
/// job's id.
inline constexpr char kJobKey[] = "edgerun_job";

/// {"edgerun_job": ID}
std::string jobTag(std::string_view jobId);

/// With which a thread, or a conversation, is made.
std::string threadBody(const Context& context);

/// The request's pairs, with the job's own set last: it wins. The job's alone where the request's
/// are no object of at most 15 other pairs.
std::string runMetadata(const Context& context);

/// The model of the assistant, or else of the provider; or empty.
std::string_view modelOf(const Context& context);

/// Tools as Assistants and chat completions take them: {"type", "function": {"name", ...}}. "[]"
/// if there are none.
std::string nestedTools(const Assistant& assistant);

/// Tools as Responses take them: {"type", "name", ...}, each with "parameters" and "strict".
std::string flatTools(const Assistant& assistant);

/// A response_format as Responses take it in "text": {"format": ...}. Empty for "auto", which is
/// what they do unasked.
std::string textFormat(std::string_view responseFormat);

}  // namespace edgerun::run
