#include "item_page.h"

#include "list_page.h"

namespace emulator {

namespace {

CallResult renderPage(const ItemList& items, const ListQuery& wanted, const Pairs& query) {
    const Inclusions includes = includesOf(query);
    std::vector<ListItem> listed;
    listed.reserve(items.size());
    for (const ItemRef& item : items) {
        listed.push_back({item->id, renderItem(*item, includes)});
    }
    return renderPage(listed, wanted, "item");
}

}  // namespace

Inclusions includesOf(const Pairs& query) {
    Inclusions includes;
    for (const auto& [name, value] : query) {
        if (name == "include[]") {
            includes.insert(value);
        }
    }
    return includes;
}

CallResult renderItemPage(const ItemList& items, const Pairs& query) {
    auto wanted = readListQuery(query);
    if (auto* error = std::get_if<ApiError>(&wanted)) {
        return std::move(*error);
    }
    return renderPage(items, std::get<ListQuery>(wanted), query);
}

CallResult renderAllItems(const ItemList& items, const Pairs& query) {
    ListQuery all;
    all.isAscending = true;
    return renderPage(items, all, query);
}

}  // namespace emulator
