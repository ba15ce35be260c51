#pragma once

#include "edgerun/run/machine.h"

/// The requests of OpenAI Assistants v2, one for each phase.
/// https://platform.openai.com/docs/api-reference/threads
namespace edgerun::run {

/// The metadata pair that marks what a job made upstream; its value is the
/// job's id.
inline constexpr char kJobKey[] = "edgerun_job";

/// What a phase does, to complete "could not ...".
const char* purposeOf(Phase phase);

/// Message and run: carried out twice, they cost or spoil something.
bool isOnceOnly(Phase phase);

/// The call of record.phase, with the time that it may take. CreateThread,
/// AddMessage and CreateRun need context.request. Ids in the record must be
/// valid ones, for they stand in paths.
///
/// The request's metadata goes along with the run, beside the job's own pair;
/// without it where it is no object of at most 15 other pairs.
Call callOf(const Context& context, const Record& record);

}  // namespace edgerun::run
