#include "arena_owner.h"

#include "arena_index.h"
#include "arena_slots.h"

namespace edgerun::store {

namespace {

constexpr std::uint32_t kSearchLength = 4096;

}  // namespace

bool isThreadBusy(const ArenaView& view, const JobOwner& owner, std::string_view threadId) {
    bool isBusy = false;
    visitJobs(view, firstLiveOf(view, owner), &ArenaSlot::liveLinks, kSearchLength,
              [&](const ArenaSlot& slot) {
                  isBusy = isOwnedBy(slot, owner) &&
                           currentState(slot).record.threadId.view() == threadId;
                  return !isBusy;
              });
    return isBusy;
}

ThreadUse threadUse(const ArenaView& view, const JobOwner& owner, std::string_view threadId) {
    if (isThreadBusy(view, owner, threadId)) {
        return ThreadUse::Busy;
    }
    ThreadUse use = ThreadUse::Unknown;
    visitJobs(view, newestOf(view, owner), &ArenaSlot::ownerLinks, kSearchLength,
              [&](const ArenaSlot& slot) {
                  const JobState& state = currentState(slot);
                  if (isOwnedBy(slot, owner) && state.record.threadId.view() == threadId) {
                      use = isLive(state) ? ThreadUse::Busy : ThreadUse::Free;
                  }
                  return use == ThreadUse::Unknown;
              });
    return use;
}

bool hasOpenJobs(const ArenaView& view, const JobOwner& owner, std::uint32_t count) {
    std::uint32_t open = 0;
    visitJobs(view, firstLiveOf(view, owner), &ArenaSlot::liveLinks, kSearchLength,
              [&](const ArenaSlot& slot) {
                  open += isOwnedBy(slot, owner) && isOpen(currentState(slot)) ? 1 : 0;
                  return open < count;
              });
    return open >= count;
}

}  // namespace edgerun::store
