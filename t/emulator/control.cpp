#include "control.h"

#include <charconv>
#include <limits>

#include "calls.h"
#include "clock.h"
#include "fields.h"
#include "json_text.h"
#include "run_records.h"
#include "schema.h"

namespace emulator {

namespace {

constexpr std::string_view kPrefix = "/_emulator/";
constexpr double kMostMs = 1e9;

Reply jsonReply(std::string body) {
    Reply reply;
    reply.body = std::move(body);
    return reply;
}

std::string_view queryValue(const Pairs& query, std::string_view name) {
    for (const auto& [key, value] : query) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

Reply addFaults(const ControlParts& parts, const Request& request) {
    const JsonRef body = parseJson(request.body);
    if (body == nullptr) {
        return errorReply(refusal::notJson());
    }
    if (const auto error = parts.faults.add(body.get())) {
        return errorReply(*error);
    }
    return jsonReply(parts.faults.render());
}

Reply listFaults(const ControlParts& parts, const Request&) {
    return jsonReply(parts.faults.render());
}

Reply clearFaults(const ControlParts& parts, const Request&) {
    parts.faults.clear();
    return jsonReply("[]");
}

struct MsSetting {
    const char* name;
    std::int64_t Settings::*value;
};
constexpr MsSetting kMsSettings[] = {
    {"duration", &Settings::durationMs}, {"jitter", &Settings::jitterMs},
    {"delay", &Settings::delayMs},       {"poll_after", &Settings::pollAfterMs},
    {"queued", &Settings::queuedMs},     {"cancel", &Settings::cancelMs},
};

struct BoolSetting {
    const char* name;
    bool Settings::*value;
};
constexpr BoolSetting kBoolSettings[] = {
    {"log", &Settings::keepsLog},
    {"chunked", &Settings::isChunked},
    {"background", &Settings::honoursBackground},
};

constexpr Field msField(const char* name) {
    Field field{name, FieldKind::kInteger, false, false};
    field.high = kMostMs;
    return field;
}

constexpr Field kLacksField = [] {
    Field field{"lacks", FieldKind::kArray, false, false};
    field.high = 1000;
    return field;
}();

constexpr Field kAnswerField = [] {
    Field field{"answer", FieldKind::kString, false, false};
    field.high = kMostText;
    return field;
}();

constexpr Field kSettingFields[] = {
    kAnswerField,
    kLacksField,
    msField("duration"),
    msField("jitter"),
    msField("delay"),
    msField("poll_after"),
    msField("queued"),
    msField("cancel"),
    {"log", FieldKind::kBoolean, false, false},
    {"chunked", FieldKind::kBoolean, false, false},
    {"background", FieldKind::kBoolean, false, false},
};
constexpr Shape kSettingsShape = {kSettingFields, sizeof kSettingFields / sizeof kSettingFields[0]};

Reply showSettings(const ControlParts& parts, const Request&) {
    ObjectText object;
    for (const MsSetting& setting : kMsSettings) {
        object.number(setting.name, parts.settings.*setting.value);
    }
    for (const BoolSetting& setting : kBoolSettings) {
        object.boolean(setting.name, parts.settings.*setting.value);
    }
    std::string lacks;
    for (const std::string& name : parts.settings.lacks) {
        lacks += (lacks.empty() ? "" : ",") + jsonString(name);
    }
    object.string("answer", parts.settings.answer);
    return jsonReply(object.raw("lacks", "[" + lacks + "]").take());
}

std::optional<ApiError> readLacks(const json_t* list, CallNames& names) {
    for (std::size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* name = json_array_get(list, i);
        if (!json_is_string(name) || !isCallName(json_string_value(name))) {
            return refusal::unsupportedValue("lacks", dumpJson(name), "the names of calls");
        }
        names.emplace(json_string_value(name));
    }
    return std::nullopt;
}

Reply changeSettings(const ControlParts& parts, const Request& request) {
    const JsonRef body = parseJson(request.body);
    if (!json_is_object(body.get())) {
        return errorReply(refusal::notJson());
    }
    if (const auto error = checkShape(body.get(), kSettingsShape)) {
        return errorReply(*error);
    }
    if (const json_t* lacks = json_object_get(body.get(), "lacks")) {
        CallNames names;
        if (const auto error = readLacks(lacks, names)) {
            return errorReply(*error);
        }
        parts.settings.lacks = std::move(names);
    }
    if (const json_t* answer = json_object_get(body.get(), "answer")) {
        parts.settings.answer = stringOf(answer);
    }
    for (const MsSetting& setting : kMsSettings) {
        if (const json_t* value = json_object_get(body.get(), setting.name)) {
            parts.settings.*setting.value = json_integer_value(value);
        }
    }
    for (const BoolSetting& setting : kBoolSettings) {
        if (const json_t* value = json_object_get(body.get(), setting.name)) {
            parts.settings.*setting.value = json_is_true(value);
        }
    }
    return showSettings(parts, request);
}

Reply showLog(const ControlParts& parts, const Request& request) {
    const Pairs query = parseQuery(request.query);
    const std::string_view since = queryValue(query, "since");
    std::uint64_t sequence = 0;
    std::from_chars(since.data(), since.data() + since.size(), sequence);
    return jsonReply(parts.log.render(sequence, queryValue(query, "call")));
}

Reply clearLog(const ControlParts& parts, const Request&) {
    parts.log.clear();
    return jsonReply("[]");
}

Reply showRuns(const ControlParts& parts, const Request&) {
    return jsonReply(renderRecords(parts.world, nowMs()));
}

// Held answers tell of the end as well: they are not held any longer.
Reply finishRuns(const ControlParts& parts, const Request& request) {
    finishRecords(parts.world, nowMs());
    parts.server.timers().runDue(std::numeric_limits<std::int64_t>::max());
    return showRuns(parts, request);
}

Reply showStatistics(const ControlParts& parts, const Request&) {
    const RecordCount runs = countRecords(parts.world, nowMs());
    return jsonReply(parts.statistics.render(parts.server.load(), parts.world.threadCount(), runs));
}

Reply reset(const ControlParts& parts, const Request&) {
    parts.settings = parts.firstSettings;
    parts.world.clear();
    parts.faults.clear();
    parts.log.clear();
    parts.statistics.clear();
    parts.server.forgetPeak();
    return jsonReply("{}");
}

struct Endpoint {
    std::string_view method;
    std::string_view name;
    Reply (*serve)(const ControlParts&, const Request&);
};

constexpr Endpoint kEndpoints[] = {
    {"POST", "faults", addFaults},     {"GET", "faults", listFaults},
    {"DELETE", "faults", clearFaults}, {"POST", "settings", changeSettings},
    {"GET", "settings", showSettings}, {"GET", "log", showLog},
    {"DELETE", "log", clearLog},       {"GET", "runs", showRuns},
    {"GET", "stats", showStatistics},  {"POST", "reset", reset},
    {"POST", "finish", finishRuns},
};

}  // namespace

bool isControlPath(std::string_view path) {
    return path.substr(0, kPrefix.size()) == kPrefix;
}

Reply serveControl(const ControlParts& parts, const Request& request) {
    const std::string_view name = std::string_view(request.path).substr(kPrefix.size());
    for (const Endpoint& endpoint : kEndpoints) {
        if (endpoint.name == name && endpoint.method == request.method) {
            return endpoint.serve(parts, request);
        }
    }
    return errorReply(refusal::unknownUrl(request.method, request.path));
}

}  // namespace emulator
