#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edgerun/auth/algorithm.h"

namespace edgerun::auth {

/// The longest "kid" of a key or a token, in bytes.
inline constexpr std::size_t kMaxKeyIdBytes = 256;

/// A key with everything that is derived from it once. Each key is pinned to the algorithms that
/// it may verify; a header that names another is refused. Keys made before fork serve in every
/// process; none is for two threads.
class VerificationKey {
public:
    VerificationKey(std::string keyId, AlgorithmSet algorithms)
        : keyId_(std::move(keyId)), algorithms_(algorithms) {}
    virtual ~VerificationKey() = default;
    VerificationKey(const VerificationKey&) = delete;
    VerificationKey& operator=(const VerificationKey&) = delete;

    /// Is `signature` (raw bytes) that of `input` under `algorithm`? False for one that allows()
    /// does not permit. Constant time in the signature's bytes where the key is secret. Leaves
    /// OpenSSL's error queue empty.
    virtual bool verify(Algorithm algorithm, std::string_view input,
                        std::string_view signature) const = 0;

    /// The JWK's "kid" (RFC 7517 section 4.5), empty for a key without one.
    const std::string& keyId() const { return keyId_; }
    bool allows(Algorithm algorithm) const { return algorithms_.has(algorithm); }
    AlgorithmSet algorithms() const { return algorithms_; }

private:
    std::string keyId_;
    AlgorithmSet algorithms_;
};

using VerificationKeyPtr = std::shared_ptr<const VerificationKey>;
using VerificationKeys = std::vector<VerificationKeyPtr>;

}  // namespace edgerun::auth
