#include "record_codec.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <type_traits>

namespace edgerun::store {

namespace {

using run::Record;
using run::Usage;

const Record kFresh{};

// --- one member ---

constexpr run::Phase lastOf(run::Phase) {
    return run::kLastPhase;
}
constexpr run::JobStatus lastOf(run::JobStatus) {
    return run::JobStatus::Cancelled;
}
constexpr run::StartGuarantee lastOf(run::StartGuarantee) {
    return run::StartGuarantee::AtLeastOnce;
}

/// Signed numbers stand there as unsigned ones of 64 bits.
template <class Value>
constexpr std::uint64_t largest() {
    if constexpr (std::is_enum_v<Value>) {
        return static_cast<std::uint64_t>(lastOf(Value{}));
    } else if constexpr (std::is_signed_v<Value>) {
        static_assert(sizeof(Value) == sizeof(std::uint64_t));
        return std::numeric_limits<std::uint64_t>::max();
    } else {
        return static_cast<std::uint64_t>(std::numeric_limits<Value>::max());
    }
}

template <class Value>
void appendValue(std::string& out, std::uint8_t tag, Value value) {
    appendNumber(out, tag, static_cast<std::uint64_t>(value));
}

template <std::size_t N>
void appendValue(std::string& out, std::uint8_t tag, const text::FixedString<N>& value) {
    appendField(out, tag, value.view());
}

template <class Value>
bool takeValue(std::string_view bytes, Value& value) {
    const auto number = numberOf(bytes);
    if (!number || *number > largest<Value>()) {
        return false;
    }
    value = static_cast<Value>(*number);
    return true;
}

template <std::size_t N>
bool takeValue(std::string_view bytes, text::FixedString<N>& value) {
    return value.assign(bytes);
}

template <class Value>
bool isSame(Value a, Value b) {
    return a == b;
}

template <std::size_t N>
bool isSame(const text::FixedString<N>& a, const text::FixedString<N>& b) {
    return a.view() == b.view();
}

// --- the fields ---

struct RecordField {
    std::uint8_t tag;
    void (*append)(std::string& out, std::uint8_t tag, const Record& record);
    bool (*take)(std::string_view bytes, Record& record);
};

template <auto... Path>
void appendMember(std::string& out, std::uint8_t tag, const Record& record) {
    const auto& value = (record.*....*Path);
    if (!isSame(value, (kFresh.*....*Path))) {
        appendValue(out, tag, value);
    }
}

template <auto... Path>
bool takeMember(std::string_view bytes, Record& record) {
    return takeValue(bytes, (record.*....*Path));
}

template <auto... Path>
constexpr RecordField field(std::uint8_t tag) {
    return {tag, appendMember<Path...>, takeMember<Path...>};
}

/// A tag keeps its meaning for ever: that of a field which is gone is not used again.
constexpr RecordField kFields[] = {
    field<&Record::phase>(1),
    field<&Record::status>(2),
    field<&Record::ownsThread>(3),
    field<&Record::queryCut>(4),
    field<&Record::failures>(5),
    field<&Record::rounds>(6),
    field<&Record::oddStatusNoted>(7),
    field<&Record::erased>(8),
    field<&Record::guarantee>(9),
    field<&Record::polls>(10),
    field<&Record::version>(11),
    field<&Record::provider>(12),
    field<&Record::deadline>(13),
    field<&Record::intentAt>(14),
    field<&Record::notBefore>(15),
    field<&Record::createdWall>(16),
    field<&Record::startedWall>(17),
    field<&Record::completedWall>(18),
    field<&Record::threadId>(19),
    field<&Record::runId>(20),
    field<&Record::incompleteReason>(21),
    field<&Record::usage, &Usage::prompt>(22),
    field<&Record::usage, &Usage::completion>(23),
    field<&Record::usage, &Usage::total>(24),
    field<&Record::toolRounds>(25),
    field<&Record::keepsRequest>(26),
    field<&Record::isThreadGone>(27),
    field<&Record::isForeground>(28),
    field<&Record::isAssistantNew>(29),
    field<&Record::fallback>(30),
    field<&Record::timeLeft>(31),
    field<&Record::hadNoRun>(32),
};

static_assert(
    std::max_element(std::begin(kFields), std::end(kFields), [](const auto& a, const auto& b) {
        return a.tag < b.tag;
    })->tag < kFirstTagBehindRecord);
static_assert(sizeof(Record) == 352, "Has the record a new field? It needs its row here.");

}  // namespace

void appendRecord(std::string& out, const Record& record) {
    for (const RecordField& field : kFields) {
        field.append(out, field.tag, record);
    }
}

bool takeRecordField(const TaggedField& field, Record& record) {
    const auto* row = std::find_if(std::begin(kFields), std::end(kFields),
                                   [&](const auto& known) { return known.tag == field.tag; });
    return row == std::end(kFields) || row->take(field.bytes, record);
}

}  // namespace edgerun::store
