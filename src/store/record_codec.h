#pragma once

#include <cstdint>
#include <string>

#include "edgerun/run/record.h"
#include "tagged_fields.h"

namespace edgerun::store {

/// Tags of a run::Record's fields are below this one, which stands in journals: it stays.
inline constexpr std::uint8_t kFirstTagBehindRecord = 128;

/// What differs from a fresh record, as tagged fields.
void appendRecord(std::string& out, const run::Record& record);

/// Puts one field into the record; one of a later version is passed over. False when it holds what
/// such a field cannot.
bool takeRecordField(const TaggedField& field, run::Record& record);

}  // namespace edgerun::store
