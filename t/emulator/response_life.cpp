#include "response_life.h"

#include <algorithm>
#include <iterator>

#include "answer.h"
#include "response_output.h"

namespace emulator {

namespace {

// How long what is not stored can be polled.
constexpr std::int64_t kPollingMs = 600'000;

struct StatusRow {
    std::string_view word;
    ResponseStatus status;
    bool isFinal;
};

constexpr StatusRow kStatuses[] = {
    {"queued", ResponseStatus::kQueued, false},
    {"in_progress", ResponseStatus::kInProgress, false},
    {"completed", ResponseStatus::kCompleted, true},
    {"failed", ResponseStatus::kFailed, true},
    {"incomplete", ResponseStatus::kIncomplete, true},
    {"cancelled", ResponseStatus::kCancelled, true},
};

const StatusRow* rowOf(ResponseStatus status) {
    const auto* found =
        std::find_if(std::begin(kStatuses), std::end(kStatuses),
                     [status](const StatusRow& row) { return row.status == status; });
    return found == std::end(kStatuses) ? nullptr : found;
}

// A word that is not a final status is shown as it is, for good.
ResponseStatus plannedEnd(const Response& response) {
    if (asksForTools(response)) {
        return ResponseStatus::kCompleted;
    }
    for (const StatusRow& row : kStatuses) {
        if (row.isFinal && row.word == response.script.status) {
            return row.status;
        }
    }
    return ResponseStatus::kForeign;
}

// What has happened is told by the items alone: the newest user message has the script, and the
// calls after it are the rounds of tools so far.
void readHistory(const Settings& settings, Response& response) {
    std::size_t calls = 0;
    for (const ItemList* items : {&response.context, &response.input}) {
        for (const ItemRef& item : *items) {
            if (item->kind == ItemKind::kUserMessage) {
                response.script = readScript(item->text, settings.answer);
                calls = 0;
            }
            calls += item->kind == ItemKind::kFunctionCall ? 1 : 0;
        }
    }
    const std::size_t each = std::max<std::size_t>(response.script.tools.size(), 1);
    response.round = static_cast<int>((calls + each - 1) / each);
}

void planTimes(World& world, const Settings& settings, Response& response, std::int64_t nowMs) {
    const std::int64_t duration = durationOf(world, settings, response.script);
    const std::int64_t queued =
        response.script.queuedMs.value_or(std::min(settings.queuedMs, duration / 2));
    response.createdMs = nowMs;
    response.startsMs = nowMs + std::min(queued, duration);
    response.endsMs = nowMs + duration;
    if (response.script.lostAfterMs) {
        response.lostMs = nowMs + *response.script.lostAfterMs;
    } else if (!response.isStored) {
        response.lostMs = nowMs + kPollingMs;
    }
}

void joinConversation(ResponseStore& store, Response& response) {
    for (const ItemList* items : {&response.input, &response.output}) {
        for (const ItemRef& item : *items) {
            store.keepItem(item);
            if (response.conversation != nullptr) {
                response.conversation->items.push_back(item);
            }
        }
    }
}

void end(ResponseStore& store, Response& response, ResponseStatus status, std::int64_t atMs) {
    response.status = status;
    response.finalMs = atMs;
    const bool hasAnswer =
        status == ResponseStatus::kCompleted || status == ResponseStatus::kIncomplete;
    if (hasAnswer && (response.isStored || response.conversation != nullptr)) {
        joinConversation(store, response);
    }
}

}  // namespace

void settleResponse(ResponseStore& store, Response& response, std::int64_t nowMs) {
    if (isFinal(response.status)) {
        return;
    }
    const bool isCancelled = response.cancelsMs != 0 && response.cancelsMs < response.endsMs;
    if (isCancelled && nowMs >= response.cancelsMs) {
        end(store, response, ResponseStatus::kCancelled, response.cancelsMs);
    } else if (nowMs >= response.endsMs) {
        end(store, response, response.plannedEnd, response.endsMs);
        // A held call is answered at that moment.
        response.firstSeenFinalMs = response.isBackground ? 0 : response.endsMs;
    } else if (nowMs >= response.startsMs) {
        response.status = ResponseStatus::kInProgress;
    }
}

void settleConversation(ResponseStore& store, Conversation& conversation, std::int64_t nowMs) {
    if (!conversation.responses.empty()) {
        settleResponse(store, *conversation.responses.back(), nowMs);
    }
}

void beginResponse(World& world, const Settings& settings, Response& response, std::int64_t nowMs) {
    readHistory(settings, response);
    planTimes(world, settings, response, nowMs);
    response.plannedEnd = plannedEnd(response);
    response.output = makeOutput(world, response);
    settleResponse(world.store(), response, nowMs);
}

void cancelResponse(Response& response, std::int64_t nowMs) {
    if (response.script.ignoresCancel || response.cancelsMs != 0 || isFinal(response.status)) {
        return;
    }
    response.cancelsMs = nowMs + response.script.cancelMs.value_or(0);
}

Response finishedResponse(const Response& response) {
    Response finished = response;
    finished.status = response.plannedEnd;
    finished.finalMs = response.endsMs;
    return finished;
}

bool isFinal(ResponseStatus status) {
    const StatusRow* row = rowOf(status);
    return row == nullptr || row->isFinal;
}

std::string_view statusWord(const Response& response) {
    const StatusRow* row = rowOf(response.status);
    return row == nullptr ? std::string_view(response.script.status) : row->word;
}

bool isLocked(const Conversation& conversation) {
    return !conversation.responses.empty() && !isFinal(conversation.responses.back()->status);
}

bool isFindable(const Response& response, std::int64_t nowMs) {
    const bool isKept = response.isStored || response.isBackground;
    const bool isLost = response.lostMs != 0 && nowMs >= response.lostMs;
    return isKept && !isLost && !response.isDeleted;
}

std::vector<std::string> pendingCalls(const ItemList& items) {
    std::vector<std::string> calls;
    for (const ItemRef& item : items) {
        if (item->kind == ItemKind::kFunctionCall) {
            calls.push_back(item->callId);
        } else if (item->kind == ItemKind::kFunctionCallOutput) {
            calls.erase(std::remove(calls.begin(), calls.end(), item->callId), calls.end());
        }
    }
    return calls;
}

}  // namespace emulator
