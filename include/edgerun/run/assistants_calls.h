#pragma once

#include "edgerun/run/machine.h"

/// The requests of OpenAI Assistants v2, one for each phase.
/// https://platform.openai.com/docs/api-reference/threads
namespace edgerun::run {

/// What a phase does, to complete "could not ...".
const char* purposeOf(Phase phase);

/// Message and run: carried out twice, they cost or spoil something.
bool isOnceOnly(Phase phase);

/// The call of record.phase, with the time that it may take. CreateThread,
/// AddMessage and CreateRun need context.request. Ids in the record must be
/// valid ones, for they stand in paths.
///
/// Pairs of the request's metadata go along with the run as far as the API
/// takes them: strings, 16 pairs with edgerun's own, 64 and 512 characters.
Call callOf(const Context& context, const Record& record);

}  // namespace edgerun::run
