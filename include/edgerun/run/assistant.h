#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgerun::run {

/// A function that the model may call.
struct Function {
    std::string name;           ///< [A-Za-z0-9_-]{1,64}
    std::string definition;     ///< JSON object: name, and description, parameters, strict if given
    bool isCalledHere = false;  ///< by edgerun; otherwise by the client
};

/// What an edgerun_assistant { } says. Constant for the life of a configuration.
struct Assistant {
    std::string name;
    std::string id;              ///< the provider's own, or empty
    std::string model;           ///< or empty: the provider's
    std::string instructions;    ///< or empty
    std::string temperature;     ///< a JSON number from 0 to 2, or empty
    std::string responseFormat;  ///< a JSON value as Assistants take it, or empty
    bool hasCodeInterpreter = false;
    std::vector<std::string> vectorStores;  ///< of file_search; empty: without it
    std::vector<Function> functions;
    unsigned maxToolRounds = 8;

    const Function* functionNamed(std::string_view wanted) const {
        for (const Function& function : functions) {
            if (function.name == wanted) {
                return &function;
            }
        }
        return nullptr;
    }
};

}  // namespace edgerun::run
