#pragma once

#include <jansson.h>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "json_text.h"
#include "response_store.h"
#include "world.h"

namespace emulator {

// Items as they come from a client. `given` is a checked input item, and no reference.
ItemRef makeItem(World& world, const json_t* given);
ItemRef makeUserMessage(World& world, std::string_view text);

// Items as a model makes them; `json` is the whole item, complete.
Item modelItem(JsonRef json);

using Inclusions = std::set<std::string, std::less<>>;  // values of include[]

// The item, with what is asked for.
const std::string& renderItem(const Item& item, const Inclusions& includes);
std::string renderItems(const ItemList& items, const Inclusions& includes);

}  // namespace emulator
