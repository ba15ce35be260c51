#include "edgerun/nginx/verifier_keys.h"

#include <utility>

namespace edgerun::nginx {

VerifierKeys::VerifierKeys(const KeyRing& ring, std::vector<engine::RemoteKeys*> sources,
                           std::uint64_t& lastNumber)
    : ring_(ring),
      sources_(std::move(sources)),
      epochs_(sources_.size(), 0),
      lastNumber_(lastNumber) {
    collect();
}

bool VerifierKeys::refresh() {
    bool isIncomplete = false;
    bool isNew = false;
    for (std::size_t i = 0; i < sources_.size(); i++) {
        const std::uint64_t epoch = sources_[i]->refresh();
        isIncomplete = isIncomplete || epoch == 0;
        isNew = isNew || std::exchange(epochs_[i], epoch) != epoch;
    }
    if (isNew) {
        collect();
    }
    return isIncomplete;
}

void VerifierKeys::collect() {
    number_ = ++lastNumber_;  // first: tokens of other keys must never have it
    keys_ = ring_.keys;
    for (const engine::RemoteKeys* source : sources_) {
        keys_.insert(keys_.end(), source->keys().begin(), source->keys().end());
    }
}

}  // namespace edgerun::nginx
