#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/text/json.h"

namespace edgerun::run {

/// What a machine writes into Step::work: one JSON object. Its member "calls" is of all dialects
/// (ToolRound); the others are the dialect's own.
class Work {
public:
    /// What is no such object counts as an empty one.
    explicit Work(std::string_view text);

    json_t* object() const { return object_.get(); }
    bool isEmpty() const { return json_object_size(object_.get()) == 0; }
    /// Takes the value's reference.
    void set(const char* name, json_t* value) const;
    void remove(const char* name) const;
    /// Empty text where there is nothing.
    std::string text() const;

private:
    text::JsonPtr object_;
};

/// One function call of the model, and what came of it.
struct FunctionCall {
    std::string id;
    std::string name;
    std::string arguments;              ///< as the model wrote them
    std::optional<std::string> output;  ///< once it is there
};

/// The calls of one round.
struct ToolRound {
    std::vector<FunctionCall> calls;

    bool isComplete() const;
    FunctionCall* callOf(std::string_view id);
};

constexpr std::size_t kMostCalls = 128;
constexpr std::size_t kMostCallBytes = 128 * 1024;    ///< names and arguments of a round
constexpr std::size_t kMostOutputBytes = 256 * 1024;  ///< of one call

/// Adds a call as a provider names it; false when it is malformed, the same as another, or too
/// much.
bool addCall(ToolRound& round, std::string_view id, std::string_view name,
             std::string_view arguments);

/// Are the arguments what a function takes? Models write what they like.
bool hasObjectAsArguments(const FunctionCall& call);

ToolRound roundOf(const Work& work);
/// Of such a list as setRound() makes.
ToolRound roundOf(const json_t* calls);
void setRound(const Work& work, const ToolRound& round);

/// {"type":"submit_tool_outputs","toolCalls":[...]} of the calls that have no output yet.
std::string requiredActionOf(const ToolRound& round, std::string_view expiresAt);

/// {"error": TEXT}: what the model is told of a call that could not be made.
std::string errorOutput(std::string_view text);

}  // namespace edgerun::run
