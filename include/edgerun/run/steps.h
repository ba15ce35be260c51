#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/run/tool_round.h"

/// What a run did, as clients see it with include=steps, collected in Work's member "steps".
/// Long texts are cut; what is too much is left out.
namespace edgerun::run {

constexpr std::size_t kMostSteps = 256;
constexpr std::size_t kMostStepText = 16 * 1024;   ///< bytes of one input, log, output, ...
constexpr std::size_t kMostStepBytes = 64 * 1024;  ///< of all

/// {"type":"message","id"?}. False if there is no room for it.
bool addMessageStep(const Work& work, std::string_view messageId);

/// A file that the message cites: {"fileId","fileName"?} in "citations" of its step. Adds the
/// step where it is not there yet.
void addCitation(const Work& work, std::string_view messageId, std::string_view fileId,
                 std::string_view fileName);

/// {"type":"code_interpreter","id","input","logs":[...],"imageFileIds":[...]}
void addCodeStep(const Work& work, std::string_view id, std::string_view input,
                 const std::vector<std::string_view>& logs,
                 const std::vector<std::string_view>& imageFileIds);

struct FoundFile {
    std::string_view fileId;
    std::string_view fileName;
    double score = 0;
};

/// {"type":"file_search","id","results":[{"fileId","fileName","score"}]}
void addSearchStep(const Work& work, std::string_view id, const std::vector<FoundFile>& results);

/// {"type":"function","id","name","arguments","output"?}
void addFunctionStep(const Work& work, const FunctionCall& call);

/// The array's text; empty if there are none. Ends early where it would be above kMostStepBytes.
std::string stepsText(const Work& work);

void clearSteps(const Work& work);

}  // namespace edgerun::run
