#pragma once

#include <optional>
#include <string_view>

namespace edgerun::run {

/// What tells a run that goes on. Views into the body.
struct RunGlance {
    std::string_view id;
    std::string_view threadId;  ///< empty when absent
    std::string_view status;
};

/// These members of a JSON object without parsing the rest of it, which is
/// skipped, not checked. Most polls find nothing new in a run object that
/// repeats its instructions and tools each time: a parser spends some 20 us on
/// one of 1.5 KB, as much as the whole transfer.
///
/// Nullopt whenever anything is out of the ordinary; the caller then parses.
std::optional<RunGlance> glanceAtRun(std::string_view body);

}  // namespace edgerun::run
