#pragma once

#include <string_view>

#include "edgerun/run/machine.h"

namespace edgerun::nginx {

/// What "api" of edgerun_provider names.
enum class Dialect { Assistants, Responses, Chat };

struct DialectRow {
    Dialect dialect;
    std::string_view name;
    const run::Machine& (*machine)();
};

inline constexpr DialectRow kDialects[] = {
    {Dialect::Assistants, "assistants", run::assistantsMachine},
    {Dialect::Responses, "responses", run::responsesMachine},
    {Dialect::Chat, "chat", run::chatMachine},
};

/// The row of a provider's machine; null for none.
inline const DialectRow* dialectOf(const run::Machine* machine) {
    for (const DialectRow& row : kDialects) {
        if (&row.machine() == machine) {
            return &row;
        }
    }
    return nullptr;
}

}  // namespace edgerun::nginx
