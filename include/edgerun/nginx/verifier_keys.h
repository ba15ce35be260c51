#pragma once

#include <cstdint>
#include <vector>

#include "edgerun/auth/verification_key.h"
#include "edgerun/engine/remote_keys.h"
#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

/// The keys of one verifier in one worker: those of its files and secrets, and
/// those that its sources have published so far.
class VerifierKeys {
public:
    /// `lastNumber` counts the key lists of all verifiers of the worker.
    VerifierKeys(const KeyRing& ring, std::vector<engine::RemoteKeys*> sources,
                 std::uint64_t& lastNumber);

    /// Takes over what the sources have published. True while one of them has
    /// not published anything.
    bool refresh();

    const auth::VerificationKeys& keys() const { return keys_; }
    /// Of this list of keys; another list has another number.
    std::uint64_t number() const { return number_; }
    const std::vector<engine::RemoteKeys*>& sources() const { return sources_; }

private:
    void collect();

    const KeyRing& ring_;
    std::vector<engine::RemoteKeys*> sources_;
    std::vector<std::uint64_t> epochs_;  ///< of the sources, as keys_ has them
    std::uint64_t& lastNumber_;
    auth::VerificationKeys keys_;
    std::uint64_t number_ = 0;
};

}  // namespace edgerun::nginx
