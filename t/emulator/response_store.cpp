#include "response_store.h"

namespace emulator {

Conversation& ResponseStore::addConversation(std::string id) {
    auto conversation = std::make_unique<Conversation>();
    conversation->id = std::move(id);
    Conversation& added = *conversation;
    conversations_.emplace(added.id, std::move(conversation));
    return added;
}

Conversation* ResponseStore::findConversation(const std::string& id) {
    const auto found = conversations_.find(id);
    return found == conversations_.end() ? nullptr : found->second.get();
}

void ResponseStore::removeConversation(const std::string& id) {
    const auto found = conversations_.find(id);
    if (found == conversations_.end()) {
        return;
    }
    for (Response* response : found->second->responses) {
        response->conversation = nullptr;
    }
    conversations_.erase(found);
}

Response& ResponseStore::addResponse(std::string id, Conversation* conversation) {
    responses_.push_back(std::make_unique<Response>());
    Response& response = *responses_.back();
    response.id = std::move(id);
    response.conversation = conversation;
    if (conversation != nullptr) {
        response.conversationId = conversation->id;
        conversation->responses.push_back(&response);
    }
    responsesById_.emplace(response.id, &response);
    return response;
}

Response* ResponseStore::findResponse(const std::string& id) {
    const auto found = responsesById_.find(id);
    return found == responsesById_.end() ? nullptr : found->second;
}

ItemRef ResponseStore::findItem(const std::string& id) const {
    const auto found = items_.find(id);
    return found == items_.end() ? nullptr : found->second;
}

void ResponseStore::clear() {
    conversations_.clear();
    responsesById_.clear();
    responses_.clear();
    items_.clear();
}

}  // namespace emulator
