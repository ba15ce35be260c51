#pragma once

#include <jansson.h>

#include <optional>
#include <string_view>

#include "edgerun/run/record.h"

namespace edgerun::run {

/// 1 to 94 of [A-Za-z0-9_-]: what may stand in a path as it is.
bool isProviderId(std::string_view text);

/// The member "id" of an object, where it is such an id.
std::optional<ProviderId> idOf(const json_t* object);

}  // namespace edgerun::run
