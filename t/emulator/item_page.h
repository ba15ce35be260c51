#pragma once

#include "calls.h"
#include "items.h"

namespace emulator {

Inclusions includesOf(const Pairs& query);

// A page of items as the query wants it.
CallResult renderItemPage(const ItemList& items, const Pairs& query);

// All items as one list, in their order.
CallResult renderAllItems(const ItemList& items, const Pairs& query);

}  // namespace emulator
