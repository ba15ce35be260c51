#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edgerun/store/job_id.h"
#include "edgerun/store/job_snapshot.h"

namespace edgerun::store {

/// The key in an Idempotency-Key header: a string of RFC 8941 (in quotes, as the draft wants it),
/// or the same without quotes, as many clients send it. nullopt unless it is 1 to 255 visible ASCII
/// characters; between quotes, spaces too.
std::optional<std::string> parseIdempotencyKey(std::string_view header);

/// What a request asks for.
struct KeyedRequest {
    std::string_view body;
    std::string_view assistant{};  ///< that the request chose outside of its body, or empty
};

/// What is kept of a key, and of the request that came with it. nullopt only when OpenSSL fails.
std::optional<IdempotencyKey> idempotencyKeyOf(const JobOwner& owner, std::string_view key,
                                               const KeyedRequest& request);

}  // namespace edgerun::store
