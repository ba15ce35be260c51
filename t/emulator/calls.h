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

using PathIds = std::array<std::string, 3>;

struct CallContext {
    World& world;
    const Settings& settings;
    const Request& request;
    std::int64_t nowMs;
    PathIds ids;  // the ids of the path, in order
    Pairs query;
    JsonRef body;
};

using CallResult = std::variant<Reply, ApiError>;

enum class BodyRule { kNone, kOptional, kRequired };

// What a request must show besides its path.
enum class Door {
    kBeta,  // the key and OpenAI-Beta: assistants=v2
    kKey,
    kOpen,  // nothing: not a call of the API, its path has no prefix
};

// One call. A path segment "*" takes an id.
struct CallRow {
    std::string_view name;  // as faults, log and statistics say it
    Door door;
    std::string_view method;
    std::string_view pattern;
    BodyRule bodyRule;
    const Shape* shape;
    std::string_view queryNames;  // each between spaces
    CallResult (*perform)(CallContext&);
};

bool isCallName(std::string_view name);

struct Route {
    const CallRow* row = nullptr;  // null: no such path, or `isKnownPath` with another method
    bool isKnownPath = false;
    PathIds ids;
};

// `path` is the whole path, with the prefix of the settings.
Route findRoute(const Settings& settings, std::string_view method, std::string_view path);

// Checks the request as OpenAI does, then carries the call out.
Reply performCall(World& world, const Settings& settings, const Request& request,
                  const Route& route);

}  // namespace emulator
