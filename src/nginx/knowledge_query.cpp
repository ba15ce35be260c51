#include "knowledge_query.h"

#include <array>
#include <utility>

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/query_arguments.h"
#include "edgerun/text/ascii.h"
#include "edgerun/text/utf8.h"

namespace edgerun::nginx {

namespace {

using Fault = std::string;  // empty: none

constexpr std::size_t kMostText = 1'000;  // code points
constexpr std::uint64_t kMostFound = 50;
constexpr std::uint64_t kMostListed = 100;

Fault readLimit(std::string_view value, std::uint64_t most, std::size_t& limit) {
    const auto number = parseNumber(value);
    if (!number || *number == 0 || *number > most) {
        return "\"limit\" must be a number from 1 to " + std::to_string(most);
    }
    limit = static_cast<std::size_t>(*number);
    return {};
}

Fault readText(std::string_view value, SearchQuery& query) {
    if (!text::isValidUtf8(value) || value.find('\0') != std::string_view::npos) {
        return "\"q\" must be text in UTF-8";
    }
    const bool isBlank = text::trimmed(value, text::kWhiteSpace).empty();
    if (isBlank || text::countCodePoints(value) > kMostText) {
        return "\"q\" must be a text of 1 to " + std::to_string(kMostText) + " characters";
    }
    query.text = value;
    return {};
}

Fault readFound(std::string_view value, SearchQuery& query) {
    return readLimit(value, kMostFound, query.limit);
}

Fault readListed(std::string_view value, ArticlesQuery& query) {
    return readLimit(value, kMostListed, query.limit);
}

Fault readAfter(std::string_view value, ArticlesQuery& query) {
    query.after = value;
    return isPlainName(value) ? "" : "\"after\" must be the id of an article";
}

template <typename Query>
struct Argument {
    std::string_view name;
    Fault (*read)(std::string_view value, Query& query);
    bool isSeen = false;
};

template <typename Query>
using KnownArguments = std::array<Argument<Query>, 2>;

template <typename Query>
Fault readArgument(const QueryArgument& given, KnownArguments<Query>& known, Query& query) {
    for (Argument<Query>& argument : known) {
        if (argument.name != given.name) {
            continue;
        }
        if (std::exchange(argument.isSeen, true)) {
            return '"' + given.name + "\" must come only once";
        }
        return argument.read(given.value, query);
    }
    return "unknown argument; known are \"" + std::string(known[0].name) + "\" and \"" +
           std::string(known[1].name) + '"';
}

std::string withBlanks(std::string_view arguments) {
    std::string text;
    for (const char c : arguments) {
        text += c == '+' ? "%20" : std::string(1, c);
    }
    return text;
}

template <typename Query>
Fault readQuery(std::string_view text, KnownArguments<Query> known, Query& query) {
    for (const QueryArgument& argument : readQueryArguments(withBlanks(text))) {
        Fault fault = readArgument(argument, known, query);
        if (!fault.empty()) {
            return fault;
        }
    }
    return {};
}

}  // namespace

std::variant<SearchQuery, BadKnowledgeQuery> readSearchQuery(std::string_view arguments) {
    SearchQuery query;
    Fault fault =
        readQuery<SearchQuery>(arguments, {{{"q", readText}, {"limit", readFound}}}, query);
    if (fault.empty() && query.text.empty()) {
        fault = "\"q\" is missing";
    }
    return fault.empty() ? std::variant<SearchQuery, BadKnowledgeQuery>(std::move(query))
                         : BadKnowledgeQuery{std::move(fault)};
}

std::variant<ArticlesQuery, BadKnowledgeQuery> readArticlesQuery(std::string_view arguments) {
    ArticlesQuery query;
    Fault fault =
        readQuery<ArticlesQuery>(arguments, {{{"limit", readListed}, {"after", readAfter}}}, query);
    return fault.empty() ? std::variant<ArticlesQuery, BadKnowledgeQuery>(std::move(query))
                         : BadKnowledgeQuery{std::move(fault)};
}

}  // namespace edgerun::nginx
