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
        isNew = isNew || epochs_[i] != epoch;
    }
    if (isNew) {
        collect();
    }
    return isIncomplete;
}

/// The old list stays whole, and due for this, if memory runs out.
void VerifierKeys::collect() {
    auth::VerificationKeys keys = ring_.keys;
    for (const engine::RemoteKeys* source : sources_) {
        keys.insert(keys.end(), source->keys().begin(), source->keys().end());
    }
    keys_ = std::move(keys);
    number_ = ++lastNumber_;
    for (std::size_t i = 0; i < sources_.size(); i++) {
        epochs_[i] = sources_[i]->epoch();
    }
}

}  // namespace edgerun::nginx
