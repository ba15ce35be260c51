#include "edgerun/store/journal_record.h"

#include <algorithm>
#include <cstring>

#include "journal_crc.h"
#include "journal_frame.h"
#include "little_endian.h"
#include "record_codec.h"
#include "tagged_fields.h"

namespace edgerun::store {

namespace {

constexpr std::size_t kFrameBytes = 8;  // length and CRC

/// Of a job, besides those of its record.
enum Tag : std::uint8_t {
    kUser = kFirstTagBehindRecord,
    kScope,
    kKey,
    kFingerprint,
    kRequest,
    kBody,
    kStepsAt,
};

template <std::size_t N>
std::string_view viewOf(const std::array<std::uint8_t, N>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), N};
}

// --- writing ---

/// Makes room for the frame's numbers; endFrame() fills them in.
std::size_t beginFrame(std::string& out, const JournalHead& head) {
    const std::size_t start = out.size();
    out.append(kFrameBytes, '\0');
    out.push_back(static_cast<char>(head.kind));
    out.append(viewOf(head.id));
    appendLittle(out, head.fence);
    appendLittle(out, head.revision);
    appendLittle(out, head.time.monotonic);
    appendLittle(out, head.time.wall);
    return start;
}

void endFrame(std::string& out, std::size_t start) {
    const std::string_view payload = std::string_view(out).substr(start + kFrameBytes);
    const std::uint32_t crc = crcOf(payload);
    storeLittle(&out[start], static_cast<std::uint32_t>(payload.size()));
    storeLittle(&out[start + sizeof(crc)], crc);
}

void appendText(std::string& out, Tag tag, std::string_view text) {
    if (!text.empty()) {
        appendField(out, tag, text);
    }
}

void appendStepsAt(std::string& out, std::uint32_t stepsAt) {
    if (stepsAt != 0) {
        appendNumber(out, kStepsAt, stepsAt);
    }
}

// --- reading ---

/// What the next frame holds, if it is whole.
std::optional<std::string_view> payloadAt(std::string_view bytes) {
    if (bytes.size() < kFrameBytes) {
        return std::nullopt;
    }
    const auto length = loadLittle<std::uint32_t>(bytes.data());
    const auto crc = loadLittle<std::uint32_t>(bytes.data() + sizeof(length));
    bytes.remove_prefix(kFrameBytes);
    if (length == 0 || length > bytes.size() || crcOf(bytes.substr(0, length)) != crc) {
        return std::nullopt;
    }
    return bytes.substr(0, length);
}

template <std::size_t N>
bool takeBytes(std::string_view bytes, std::array<std::uint8_t, N>& to) {
    if (bytes.size() != N) {
        return false;
    }
    std::copy(bytes.begin(), bytes.end(), to.begin());
    return true;
}

bool takeScope(std::string_view bytes, std::uint64_t& scope) {
    const auto number = numberOf(bytes);
    scope = number.value_or(0);
    return number.has_value();
}

bool takeStepsAt(std::string_view bytes, std::uint32_t& stepsAt) {
    const auto number = numberOf(bytes);
    stepsAt = static_cast<std::uint32_t>(number.value_or(0));
    return number == stepsAt;
}

/// A later version's fields are passed over.
bool takeJobField(const TaggedField& field, JobSnapshot& job) {
    switch (field.tag) {
        case kUser:
            return takeBytes(field.bytes, job.owner.user);
        case kScope:
            return takeScope(field.bytes, job.owner.scope);
        case kKey:
            return takeBytes(field.bytes, job.key.digest);
        case kFingerprint:
            return takeBytes(field.bytes, job.key.fingerprint);
        case kRequest:
            job.request = field.bytes;
            return true;
        case kBody:
            job.body = field.bytes;
            return true;
        case kStepsAt:
            return takeStepsAt(field.bytes, job.stepsAt);
        default:
            return takeRecordField(field, job.record);
    }
}

bool takeStepField(const TaggedField& field, JournalStep& step) {
    switch (field.tag) {
        case kRequest:
            step.request = field.bytes;
            return true;
        case kBody:
            step.body = field.bytes;
            return true;
        case kStepsAt:
            return takeStepsAt(field.bytes, step.stepsAt);
        default:
            return takeRecordField(field, step.record);
    }
}

/// False when the fields are cut short, or one holds what it cannot.
template <class Target>
bool takeAll(std::string_view bytes, bool (*take)(const TaggedField&, Target&), Target& target) {
    TaggedFields fields(bytes);
    while (const auto field = fields.next()) {
        if (!take(*field, target)) {
            return false;
        }
    }
    return fields.isAtEnd();
}

}  // namespace

void appendWhole(std::string& out, const JobSnapshot& job, const JournalTime& time) {
    const std::size_t start =
        beginFrame(out, {JournalKind::Whole, job.id, job.fence, job.revision, time});
    appendField(out, kUser, viewOf(job.owner.user));
    appendNumber(out, kScope, job.owner.scope);
    if (job.key.isSet()) {
        appendField(out, kKey, viewOf(job.key.digest));
        appendField(out, kFingerprint, viewOf(job.key.fingerprint));
    }
    appendText(out, kRequest, job.request);
    appendText(out, kBody, job.body);
    appendStepsAt(out, job.stepsAt);
    appendRecord(out, job.record);
    endFrame(out, start);
}

void appendStep(std::string& out, const JobId& id, std::uint32_t fence, std::uint32_t revision,
                const JobUpdate& update, const JournalTime& time) {
    const std::size_t start = beginFrame(out, {JournalKind::Step, id, fence, revision, time});
    if (update.request) {
        appendField(out, kRequest, *update.request);
    }
    if (update.body) {
        appendField(out, kBody, *update.body);
        appendStepsAt(out, update.stepsAt);
    }
    appendRecord(out, update.record);
    endFrame(out, start);
}

void appendGone(std::string& out, const JobId& id, const JournalTime& time) {
    endFrame(out, beginFrame(out, {JournalKind::Gone, id, 0, 0, time}));
}

std::optional<JournalView> JournalScan::next() {
    while (const auto payload = payloadAt(bytes_.substr(at_))) {
        at_ += kFrameBytes + payload->size();
        if (const auto head = headOf(*payload)) {
            return JournalView{*head, payload->substr(kHeadBytes)};
        }
    }
    return std::nullopt;
}

std::size_t JournalScan::torn() const {
    static constexpr char kZeros[4096] = {};
    std::string_view rest = bytes_.substr(at_);
    while (rest.size() >= sizeof(kZeros) &&
           std::memcmp(&rest[rest.size() - sizeof(kZeros)], kZeros, sizeof(kZeros)) == 0) {
        rest.remove_suffix(sizeof(kZeros));
    }
    return rest.find_last_not_of('\0') + 1;
}

std::optional<JobSnapshot> decodeWhole(const JournalView& view) {
    JobSnapshot job;
    if (view.head.kind != JournalKind::Whole || !takeAll(view.fields, takeJobField, job)) {
        return std::nullopt;
    }
    job.id = view.head.id;
    job.fence = view.head.fence;
    job.revision = view.head.revision;
    return job;
}

std::optional<JournalStep> decodeStep(const JournalView& view) {
    JournalStep step;
    if (view.head.kind != JournalKind::Step || !takeAll(view.fields, takeStepField, step)) {
        return std::nullopt;
    }
    return step;
}

std::optional<JournalHead> headOf(std::string_view payload) {
    if (payload.size() < kHeadBytes || payload[0] < static_cast<char>(JournalKind::Whole) ||
        payload[0] > static_cast<char>(JournalKind::Gone)) {
        return std::nullopt;
    }
    JournalHead head;
    head.kind = static_cast<JournalKind>(payload[0]);
    const char* at = payload.data() + 1;
    std::copy_n(at, kJobIdBytes, head.id.begin());
    at += kJobIdBytes;
    head.fence = loadLittle<std::uint32_t>(at);
    head.revision = loadLittle<std::uint32_t>(at + 4);
    head.time.monotonic = loadLittle<std::uint64_t>(at + 8);
    head.time.wall = loadLittle<std::int64_t>(at + 16);
    return head;
}

void appendFrame(std::string& out, std::string_view payload) {
    const std::size_t start = out.size();
    out.append(kFrameBytes, '\0').append(payload);
    endFrame(out, start);
}

Brought broughtBy(const JournalView& view) {
    if (view.head.kind == JournalKind::Whole) {
        return {true, true};
    }
    Brought brought;
    TaggedFields fields(view.fields);
    while (const auto field = fields.next()) {
        brought.body = brought.body || field->tag == kBody;
        brought.request = brought.request || field->tag == kRequest;
    }
    return brought;
}

}  // namespace edgerun::store
