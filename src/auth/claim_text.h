#pragma once

#include "edgerun/text/json.h"

namespace edgerun::auth {

/// Of a verified payload, which its token's size bounds already.
inline constexpr text::JsonLimits kPayloadLimits{16 * 1024, 32};

}  // namespace edgerun::auth
