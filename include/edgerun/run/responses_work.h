#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edgerun/run/record.h"
#include "edgerun/run/tool_round.h"

/// What the Responses machine keeps in Work, beside calls and steps:
///
///   "responses"  [ID]: what DeleteRun has to delete, record.runId included. Absent until it is
///                more than record.runId alone, so that the first polls of a job need no Work.
///   "last"       ID: after which response edgerun's own thread goes on; absent at its beginning
///   "after"      ID: the newest item of a continued conversation before this job, or ""
namespace edgerun::run {

/// As the former job of edgerun's own thread left it. False where `memory` is nothing of that kind.
bool takeMemory(const Work& work, std::string_view memory);

/// Valid ids or empty.
std::string_view lastResponseOf(const Work& work);
void setLastResponse(const Work& work, const Record& record);

std::vector<std::string> responsesOf(const Work& work, const Record& record);
/// The response of record.runId is one more. The oldest go where they are too many.
void addResponse(const Work& work, const Record& record);
void dropFirstResponse(const Work& work, const Record& record);
bool hasResponses(const Work& work);

/// Is "after" there?
bool knowsWhereItBegan(const Work& work);
std::string_view whereItBegan(const Work& work);
void setWhereItBegan(const Work& work, std::string_view itemId);

}  // namespace edgerun::run
