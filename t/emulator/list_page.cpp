#include "list_page.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "json_text.h"

namespace emulator {

namespace {

constexpr int kMostItems = 100;

std::optional<ApiError> readLimit(ListQuery& query, const std::string& value) {
    int limit = 0;
    const char* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, limit);
    if (value.empty() || error != std::errc() || stop != end) {
        return refusal::wrongType("limit", "an integer", "a string");
    }
    if (limit < 1 || limit > kMostItems) {
        return refusal::outOfRange("limit", limit < 1, limit < 1 ? "1" : "100", value);
    }
    query.limit = static_cast<std::size_t>(limit);
    return std::nullopt;
}

std::optional<ApiError> readOrder(ListQuery& query, const std::string& value) {
    if (value != "asc" && value != "desc") {
        return refusal::unsupportedValue("order", value, "'asc' and 'desc'");
    }
    query.isAscending = value == "asc";
    return std::nullopt;
}

using Items = std::vector<ListItem>;

Items::const_iterator findItem(const Items& items, const std::string& id) {
    return std::find_if(items.begin(), items.end(),
                        [&id](const ListItem& item) { return item.id == id; });
}

std::string renderList(Items::const_iterator first, Items::const_iterator last, bool hasMore) {
    std::string data = "[";
    for (auto item = first; item != last; ++item) {
        data += item == first ? "" : ",";
        data += item->json;
    }
    data += ']';
    const auto idOf = [&](Items::const_iterator item) {
        return first == last ? std::string("null") : jsonString(item->id);
    };
    return ObjectText(data.size() + 160)
        .raw("object", "\"list\"")
        .raw("data", data)
        .raw("first_id", idOf(first))
        .raw("last_id", idOf(first == last ? last : last - 1))
        .boolean("has_more", hasMore)
        .take();
}

}  // namespace

std::variant<ListQuery, ApiError> readListQuery(const Pairs& pairs) {
    ListQuery query;
    for (const auto& [name, value] : pairs) {
        std::optional<ApiError> error;
        if (name == "limit") {
            error = readLimit(query, value);
        } else if (name == "order") {
            error = readOrder(query, value);
        } else if (name == "after") {
            query.after = value;
        } else if (name == "before") {
            query.before = value;
        } else if (name == "run_id") {
            query.runId = value;
        }
        if (error) {
            return std::move(*error);
        }
    }
    return query;
}

CallResult renderPage(const std::vector<ListItem>& oldestFirst, const ListQuery& query,
                      std::string_view kind) {
    Items items = oldestFirst;
    if (!query.isAscending) {
        std::reverse(items.begin(), items.end());
    }
    auto first = items.cbegin();
    auto last = items.cend();
    if (!query.after.empty()) {
        first = findItem(items, query.after);
        if (first == items.cend()) {
            return refusal::notFound(kind, query.after);
        }
        ++first;
    }
    if (!query.before.empty()) {
        last = findItem(items, query.before);
        if (last == items.cend()) {
            return refusal::notFound(kind, query.before);
        }
    }
    last = std::max(first, last);
    const auto limit = static_cast<std::ptrdiff_t>(query.limit);
    const bool hasMore = last - first > limit;
    if (hasMore && !query.before.empty() && query.after.empty()) {
        first = last - limit;  // backwards: the page next to `before`
    } else if (hasMore) {
        last = first + limit;
    }
    Reply reply;
    reply.body = renderList(first, last, hasMore);
    return reply;
}

}  // namespace emulator
