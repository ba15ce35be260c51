#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/run/tool_round.h"

/// What the chat machine keeps in Work: a thread, and what a job adds to it.
///
///   "history"   [{"role","content"}]: what the thread's jobs before this one asked and got
///   "messages"  [{"id","text","calls"?}]: what the model said in this job, with the calls of
///               functions and their outputs
///
/// The calls that are being made stand in "calls", as in all dialects; they are the last
/// message's.
namespace edgerun::run {

// --- the thread ---

void beginHistory(const Work& work);

/// As the thread's former job left it. False where `memory` is nothing of that kind.
bool takeHistory(const Work& work, std::string_view memory);

/// Texts alone: the calls of functions would cost room and tokens for ever, and servers refuse
/// those of functions that are no more; the answer says what came of them. The oldest exchanges
/// go, each whole, until the JSON has at most `most` bytes; if need be, this one too.
void addExchange(const Work& work, std::string_view query, std::string_view answer,
                 std::size_t most);

/// Null where the job has no thread.
const json_t* historyOf(const Work& work);

/// All that the thread's next job needs.
void keepHistoryAlone(const Work& work);

// --- the job ---

struct ChatMessage {
    std::string_view id;    ///< of its completion, or empty
    std::string_view text;  ///< or empty
    ToolRound round;        ///< or empty
};

void addMessage(const Work& work, std::string_view id, std::string_view text);

/// The calls that are being made have their outputs.
void endRound(const Work& work);

/// Views into `work`.
std::vector<ChatMessage> messagesOf(const Work& work);

/// For clients: see steps.h.
std::string chatSteps(const Work& work);

}  // namespace edgerun::run
