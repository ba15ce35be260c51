#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "api_error.h"
#include "http_message.h"
#include "json_text.h"
#include "schema.h"
#include "world.h"

namespace emulator {

struct CallContext {
    World& world;
    const Settings& settings;
    const Request& request;
    std::int64_t nowMs;
    std::array<std::string, 2> ids;  // the ids of the path, in order
    Pairs query;
    JsonRef body;
};

using CallResult = std::variant<Reply, ApiError>;

enum class BodyRule { kNone, kOptional, kRequired };

// One call of the API. A path segment "*" takes an id.
struct CallRow {
    std::string_view name;  // as faults, log and statistics say it
    std::string_view method;
    std::string_view pattern;
    BodyRule bodyRule;
    const Shape* shape;
    std::string_view queryNames;  // each between spaces
    CallResult (*perform)(CallContext&);
};

struct CallTable {
    const CallRow* rows;
    std::size_t count;
};

CallTable callTable();

struct Route {
    const CallRow* row = nullptr;  // null: no such path, or `isKnownPath` with another method
    std::size_t index = 0;
    bool isKnownPath = false;
    std::array<std::string, 2> ids;
};

// `path` is the whole path, with /v1.
Route findRoute(std::string_view method, std::string_view path);

// Checks the request as OpenAI does, then carries the call out.
Reply performCall(World& world, const Settings& settings, const Request& request,
                  const Route& route);

}  // namespace emulator
