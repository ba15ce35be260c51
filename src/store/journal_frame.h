#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/store/journal_record.h"

/// A record's bytes inside its frame: the head, always of this size, then the fields.
namespace edgerun::store {

inline constexpr std::size_t kHeadBytes = 46;

/// nullopt when they are too few, or of a kind that only a later version knows.
std::optional<JournalHead> headOf(std::string_view payload);

/// Puts a record, as it is, into a frame.
void appendFrame(std::string& out, std::string_view payload);

/// Which texts a record brings.
struct Brought {
    bool body = false;
    bool request = false;
};

/// Without decoding the rest.
Brought broughtBy(const JournalView& view);

}  // namespace edgerun::store
