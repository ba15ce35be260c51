#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "edgerun/nginx/submission.h"
#include "edgerun/run/machine.h"

namespace edgerun::nginx {

/// Bytes that one function call may give to the model.
inline constexpr std::size_t kMaxToolOutput = 256 * 1024;

/// Reads {"toolOutputs": [{"toolCallId": ID, "output": TEXT}, ...]}: 1 to 128 of them, each id
/// once.
std::variant<run::ToolOutputs, BadSubmission> readToolOutputs(std::string_view body);

}  // namespace edgerun::nginx
