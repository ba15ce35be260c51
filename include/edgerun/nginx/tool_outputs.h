#pragma once

#include <string_view>
#include <variant>

#include "edgerun/nginx/submission.h"
#include "edgerun/run/machine.h"

namespace edgerun::nginx {

/// Reads {"toolOutputs": [{"toolCallId": ID, "output": TEXT}, ...]}: 1 to 128 of them, each of at
/// most run::kMostOutputBytes, each id once.
std::variant<run::ToolOutputs, BadSubmission> readToolOutputs(std::string_view body);

}  // namespace edgerun::nginx
