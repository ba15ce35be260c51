#include "world.h"

namespace emulator {

std::string World::newId(std::string_view prefix) {
    constexpr std::string_view kDigits =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    constexpr int kLength = 24;
    constexpr int kDigitsPerDraw = 8;
    std::string id(prefix);
    id.reserve(prefix.size() + kLength);
    std::uint64_t bits = 0;
    for (int i = 0; i < kLength; ++i) {
        bits = i % kDigitsPerDraw == 0 ? random_() : bits / kDigits.size();
        id += kDigits[bits % kDigits.size()];
    }
    return id;
}

std::int64_t World::randomWithin(std::int64_t low, std::int64_t high) {
    return low >= high ? low : std::uniform_int_distribution<std::int64_t>(low, high)(random_);
}

Thread& World::addThread() {
    auto thread = std::make_unique<Thread>();
    thread->id = newId("thread_");
    Thread& added = *thread;
    threads_.emplace(added.id, std::move(thread));
    return added;
}

Thread* World::findThread(const std::string& id) {
    const auto found = threads_.find(id);
    return found == threads_.end() ? nullptr : found->second.get();
}

void World::removeThread(const std::string& id) {
    const auto found = threads_.find(id);
    if (found == threads_.end()) {
        return;
    }
    for (Run* run : found->second->runs) {
        run->thread = nullptr;
    }
    threads_.erase(found);
}

Run& World::addRun(Thread& thread) {
    runs_.push_back(std::make_unique<Run>());
    Run& run = *runs_.back();
    run.id = newId("run_");
    run.threadId = thread.id;
    run.thread = &thread;
    thread.runs.push_back(&run);
    runsById_.emplace(run.id, &run);
    return run;
}

Run* World::findRun(const Thread& thread, const std::string& id) {
    const auto found = runsById_.find(id);
    return found == runsById_.end() || found->second->thread != &thread ? nullptr : found->second;
}

Assistant& World::addAssistant(const std::string& id) {
    assistants_.push_back(std::make_unique<Assistant>());
    Assistant& assistant = *assistants_.back();
    assistant.id = id;
    assistantsById_.emplace(id, &assistant);
    return assistant;
}

Assistant* World::findAssistant(const std::string& id) {
    const auto found = assistantsById_.find(id);
    return found == assistantsById_.end() ? nullptr : found->second;
}

Completion& World::addCompletion() {
    completions_.push_back(std::make_unique<Completion>());
    Completion& completion = *completions_.back();
    completion.id = newId("chatcmpl-");
    completionsById_.emplace(completion.id, &completion);
    return completion;
}

Completion* World::findCompletion(const std::string& id) {
    const auto found = completionsById_.find(id);
    return found == completionsById_.end() ? nullptr : found->second;
}

void World::clear() {
    assistantsById_.clear();
    assistants_.clear();
    completionsById_.clear();
    completions_.clear();
    threads_.clear();
    runsById_.clear();
    runs_.clear();
    store_.clear();
}

}  // namespace emulator
