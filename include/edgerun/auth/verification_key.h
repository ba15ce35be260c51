#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "edgerun/auth/algorithm.h"

namespace edgerun::auth {

/// A key with everything that is derived from it once. Each key is pinned to
/// the algorithms that it may verify; a header that names another is refused.
class VerificationKey {
public:
    virtual ~VerificationKey() = default;
    virtual bool allows(Algorithm algorithm) const = 0;
    /// Is `signature` (raw bytes) that of `input` under `algorithm`? Constant
    /// time in the signature's bytes. Leaves OpenSSL's error queue empty.
    virtual bool verify(Algorithm algorithm, std::string_view input,
                        std::string_view signature) const = 0;
};

using VerificationKeys = std::vector<std::unique_ptr<VerificationKey>>;

}  // namespace edgerun::auth
