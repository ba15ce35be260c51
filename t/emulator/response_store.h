#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "run_script.h"

namespace emulator {

enum class ItemKind { kUserMessage, kFunctionCall, kFunctionCallOutput, kOther };

// One item of a conversation, or of a response's input or output. Items never change.
struct Item {
    std::string id;
    ItemKind kind = ItemKind::kOther;
    std::string json;
    std::string_view inclusion;  // the value of include[] that shows `wholeJson`; empty: none does
    std::string wholeJson;
    std::string callId;  // of a function call or its output
    std::string text;    // of a user message
    std::int64_t textLength = 0;
};
using ItemRef = std::shared_ptr<const Item>;
using ItemList = std::vector<ItemRef>;  // oldest first

struct Response;

struct Conversation {
    std::string id;
    std::int64_t createdMs = 0;
    std::string metadata;
    ItemList items;
    std::vector<Response*> responses;  // created in it, oldest first; only the newest can run
};

enum class ResponseStatus {
    kQueued,
    kInProgress,
    kCompleted,
    kFailed,
    kIncomplete,
    kCancelled,
    kForeign,  // a word that OpenAI does not have, by marker
};

// The parameters of a response that it gives back, as JSON.
struct ResponseEcho {
    std::string model;
    std::string instructions;
    std::string maxOutputTokens;
    std::string maxToolCalls;
    std::string metadata;
    std::string parallelToolCalls;
    std::string promptCacheKey;
    std::string reasoning;
    std::string safetyIdentifier;
    std::string serviceTier;
    std::string temperature;
    std::string text;
    std::string toolChoice;
    std::string tools;
    std::string topLogprobs;
    std::string topP;
    std::string truncation;
    std::string user;  // empty: not given
};

struct Response {
    std::string id;
    std::string conversationId;
    std::string previousId;
    std::string job;                       // metadata.edgerun_job
    Conversation* conversation = nullptr;  // null once that is deleted; the response goes on
    RunScript script;
    int round = 0;  // of tools that were asked for before this response
    ResponseEcho echo;
    bool isBackground = false;
    bool isStored = true;
    bool isDeleted = false;
    ResponseStatus status = ResponseStatus::kQueued;
    ResponseStatus plannedEnd = ResponseStatus::kCompleted;
    std::int64_t createdMs = 0;
    std::int64_t startsMs = 0;  // when it leaves the queue
    std::int64_t endsMs = 0;
    std::int64_t lostMs = 0;     // from then on nobody finds it; 0: never
    std::int64_t cancelsMs = 0;  // when a cancellation takes effect; 0: there is none
    std::int64_t finalMs = 0;
    std::int64_t firstSeenFinalMs = 0;
    ItemList context;  // what came before the input
    ItemList input;
    ItemList output;  // made at the beginning, shown at the end
};

// What the Responses API and Conversations remember.
class ResponseStore {
public:
    Conversation& addConversation(std::string id);
    Conversation* findConversation(const std::string& id);
    void removeConversation(const std::string& id);
    std::size_t conversationCount() const { return conversations_.size(); }

    // `conversation` may be null.
    Response& addResponse(std::string id, Conversation* conversation);
    Response* findResponse(const std::string& id);
    const std::vector<std::unique_ptr<Response>>& responses() const { return responses_; }

    // Makes an item one that can be referred to.
    void keepItem(const ItemRef& item) { items_[item->id] = item; }
    ItemRef findItem(const std::string& id) const;

    void clear();

private:
    std::unordered_map<std::string, std::unique_ptr<Conversation>> conversations_;
    std::unordered_map<std::string, Response*> responsesById_;
    std::vector<std::unique_ptr<Response>> responses_;
    std::unordered_map<std::string, ItemRef> items_;
};

}  // namespace emulator
