#pragma once

#include <string>
#include <variant>

#include "edgerun/auth/file_fault.h"

namespace edgerun::auth {

/// "3: message" for each fault, one a line; empty for a file that was read.
template <typename List>
std::string faultsOf(const std::variant<List, FileFaults>& result) {
    std::string text;
    if (const auto* faults = std::get_if<FileFaults>(&result)) {
        for (const FileFault& fault : *faults) {
            text += std::to_string(fault.line) + ": " + fault.message + "\n";
        }
    }
    return text;
}

inline bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace edgerun::auth
