#include "faults.h"

#include <algorithm>
#include <iterator>

#include "calls.h"
#include "schema.h"

namespace emulator {

namespace {

constexpr std::size_t kMostBytes = 256 * 1024 * 1024;

struct ActionRow {
    std::string_view name;
    FaultAction action;
    bool isCarriedOut;  // unless the fault says otherwise
};

constexpr ActionRow kActions[] = {
    {"status", FaultAction::kStatus, false},     {"cut_before", FaultAction::kCutBefore, false},
    {"cut_after", FaultAction::kCutAfter, true}, {"cut_mid_body", FaultAction::kCutMidBody, true},
    {"hang", FaultAction::kHang, false},         {"slow_body", FaultAction::kSlowBody, true},
    {"garbage", FaultAction::kGarbage, true},    {"html", FaultAction::kHtml, false},
    {"huge", FaultAction::kHuge, true},          {"wrong_id", FaultAction::kWrongId, true},
    {"delay", FaultAction::kDelay, true},        {"late", FaultAction::kLate, false},
};

constexpr const char* kActionChoices =
    "'status', 'cut_before', 'cut_after', 'cut_mid_body', 'hang', 'slow_body', 'garbage', 'html', "
    "'huge', 'wrong_id', 'delay', and 'late'";

constexpr Field count(const char* name, double low, double high) {
    Field field{name, FieldKind::kInteger};
    field.low = low;
    field.high = high;
    return field;
}

constexpr Field words(const char* name) {
    Field field{name, FieldKind::kString};
    field.high = kMostBytes;
    return field;
}

constexpr Field actionField() {
    Field field{"action", FieldKind::kEnum, true, false};
    field.choices = kActionChoices;
    return field;
}

constexpr Field kFaultFields[] = {
    actionField(),
    words("on"),
    words("match"),
    words("body"),
    count("times", -1, 1e9),
    count("skip", 0, 1e9),
    count("status", 200, 599),
    count("ms", 0, 1e9),
    count("bytes", 0, kMostBytes),
    {"carried_out", FieldKind::kBoolean},
    {"headers", FieldKind::kObject},
    {"reset", FieldKind::kBoolean},
    {"chunked", FieldKind::kBoolean},
    {"close", FieldKind::kBoolean},
};
constexpr Shape kFaultShape = {kFaultFields, sizeof kFaultFields / sizeof kFaultFields[0]};

std::optional<std::int64_t> integerOf(const json_t* object, const char* name) {
    const json_t* value = json_object_get(object, name);
    return json_is_integer(value) ? std::optional<std::int64_t>(json_integer_value(value))
                                  : std::nullopt;
}

std::optional<std::string> textOf(const json_t* object, const char* name) {
    const json_t* value = json_object_get(object, name);
    return json_is_string(value) ? std::optional<std::string>(json_string_value(value))
                                 : std::nullopt;
}

Pairs headersOf(const json_t* object) {
    Pairs headers;
    const char* name = nullptr;
    json_t* value = nullptr;
    json_object_foreach(json_object_get(object, "headers"), name, value) {
        headers.emplace_back(name,
                             json_is_string(value) ? json_string_value(value) : dumpJson(value));
    }
    return headers;
}

std::variant<Fault, ApiError> readFault(const json_t* object) {
    if (!json_is_object(object)) {
        return refusal::wrongType("fault", "an object", typeWords(object));
    }
    if (auto error = checkShape(object, kFaultShape)) {
        return std::move(*error);
    }
    Fault fault;
    fault.on = textOf(object, "on").value_or(fault.on);
    if (fault.on != "any" && !isCallName(fault.on)) {
        return refusal::unsupportedValue("on", fault.on, "'any' and the names of calls");
    }
    const std::string action = *textOf(object, "action");
    const auto* row =
        std::find_if(std::begin(kActions), std::end(kActions),
                     [&](const ActionRow& candidate) { return candidate.name == action; });
    fault.action = row->action;
    fault.actionName = row->name;
    fault.match = textOf(object, "match").value_or("");
    fault.body = textOf(object, "body");
    fault.times = integerOf(object, "times").value_or(fault.times);
    fault.skip = integerOf(object, "skip").value_or(fault.skip);
    fault.ms = integerOf(object, "ms").value_or(fault.ms);
    fault.headers = headersOf(object);
    fault.isReset = json_is_true(json_object_get(object, "reset"));
    fault.isChunked = json_is_true(json_object_get(object, "chunked"));
    fault.isLast = json_is_true(json_object_get(object, "close"));
    fault.isCarriedOut = row->isCarriedOut;
    if (const json_t* isCarriedOut = json_object_get(object, "carried_out")) {
        fault.isCarriedOut = json_is_true(isCarriedOut);
    }
    if (const auto status = integerOf(object, "status")) {
        fault.status = static_cast<int>(*status);
    }
    if (const auto bytes = integerOf(object, "bytes")) {
        fault.bytes = static_cast<std::size_t>(*bytes);
    }
    return fault;
}

bool concerns(const Fault& fault, std::string_view call, const Request& request) {
    const bool isCall = fault.on == "any" || fault.on == call;
    return isCall && (fault.match.empty() || request.path.find(fault.match) != std::string::npos ||
                      request.body.find(fault.match) != std::string::npos);
}

}  // namespace

std::optional<ApiError> FaultPlan::add(const json_t* described) {
    std::vector<Fault> added;
    const std::size_t count = json_is_array(described) ? json_array_size(described) : 1;
    for (std::size_t i = 0; i < count; ++i) {
        auto fault = readFault(json_is_array(described) ? json_array_get(described, i) : described);
        if (auto* error = std::get_if<ApiError>(&fault)) {
            return std::move(*error);
        }
        added.push_back(std::move(std::get<Fault>(fault)));
    }
    std::move(added.begin(), added.end(), std::back_inserter(faults_));
    return std::nullopt;
}

std::optional<Fault> FaultPlan::take(std::string_view call, const Request& request) {
    for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
        if (!concerns(*fault, call, request)) {
            continue;
        }
        if (fault->skip > 0) {
            --fault->skip;
            continue;
        }
        Fault taken = *fault;
        if (fault->times > 0 && --fault->times == 0) {
            faults_.erase(fault);
        }
        return taken;
    }
    return std::nullopt;
}

std::string FaultPlan::render() const {
    std::string list = "[";
    for (const Fault& fault : faults_) {
        list += list.size() > 1 ? "," : "";
        list += ObjectText()
                    .string("on", fault.on)
                    .string("action", fault.actionName)
                    .number("times", fault.times)
                    .number("skip", fault.skip)
                    .take();
    }
    return list + "]";
}

}  // namespace emulator
