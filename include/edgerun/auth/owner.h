#pragma once

#include <string_view>

#include "edgerun/auth/sha256.h"

namespace edgerun::auth {

/// Who may see a job: a digest of the verified user name. Fixed in size, so that names of any
/// length cost the same.
using OwnerKey = Digest;

OwnerKey ownerKeyOf(std::string_view user);

}  // namespace edgerun::auth
