#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api_error.h"
#include "http_message.h"
#include "json_text.h"

namespace emulator {

enum class FaultAction {
    kStatus,
    kCutBefore,
    kCutAfter,
    kCutMidBody,
    kHang,
    kSlowBody,
    kGarbage,
    kHtml,
    kHuge,
    kWrongId,
    kDelay,
    kLate,
};

// One thing that is to go wrong. README.md says what each action does.
struct Fault {
    std::string on = "any";
    std::string match;  // only requests whose path or body has this text
    std::int64_t skip = 0;
    std::int64_t times = 1;  // negative: for good
    FaultAction action = FaultAction::kStatus;
    std::string_view actionName;
    std::optional<int> status;
    std::optional<bool> isCarriedOut;
    std::optional<std::string> body;
    std::optional<std::size_t> bytes;
    std::int64_t ms = 0;
    Pairs headers;
    bool isReset = false;
    bool isChunked = false;
    bool isLast = false;
};

// The faults that are still to come, in the order in which they were asked for.
class FaultPlan {
public:
    // Takes one fault or an array of them; the first mistake refuses all.
    std::optional<ApiError> add(const json_t* described);
    void clear() { faults_.clear(); }

    // The fault for this request, if any; it is used up by that.
    std::optional<Fault> take(std::string_view call, const Request& request);

    // What is left, as a JSON array.
    std::string render() const;

private:
    std::vector<Fault> faults_;
};

// The answer under a fault. `normal` is what the call answered, or an empty reply when the fault
// does not let it happen.
Delivery spoil(const Fault& fault, Reply normal);

// Whether the call happens at once; kLate lets it happen later.
bool isCarriedOutAtOnce(const Fault& fault);

}  // namespace emulator
