#include "edgerun/store/quota_frames.h"

#include <algorithm>
#include <cstdint>

#include "journal_crc.h"
#include "little_endian.h"

namespace edgerun::store {

namespace {

constexpr std::string_view kMagic = "EQR1";
constexpr std::size_t kChecked = 8;  // where that begins which the CRC is of

constexpr std::uint8_t kCounter = 1;
constexpr std::uint8_t kHold = 2;
constexpr std::uint8_t kEnd = 3;
constexpr std::uint8_t kWholeMark = 255;

constexpr std::uint8_t kSettled = 1;
constexpr std::uint8_t kAccepted = 2;
constexpr std::uint8_t kCopied = 4;

std::uint8_t numberOf(QuotaRecord::Kind kind) {
    switch (kind) {
        case QuotaRecord::Kind::Counter:
            return kCounter;
        case QuotaRecord::Kind::Hold:
            return kHold;
        case QuotaRecord::Kind::End:
            return kEnd;
    }
    return 0;
}

std::optional<QuotaRecord::Kind> kindOf(std::uint8_t number) {
    switch (number) {
        case kCounter:
            return QuotaRecord::Kind::Counter;
        case kHold:
            return QuotaRecord::Kind::Hold;
        case kEnd:
            return QuotaRecord::Kind::End;
        default:
            return std::nullopt;
    }
}

template <class Bytes>
void appendBytes(std::string& out, const Bytes& bytes) {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

template <class Bytes>
void loadBytes(Bytes& bytes, const char* from) {
    std::copy_n(reinterpret_cast<const std::uint8_t*>(from), bytes.size(), bytes.begin());
}

void append(std::string& out, std::uint8_t kind, const QuotaRecord& record, bool isCopy) {
    const std::size_t begin = out.size();
    const int flags = (record.isSettled ? kSettled : 0) | (record.isAccepted ? kAccepted : 0) |
                      (isCopy ? kCopied : 0);
    out.append(kMagic).append(sizeof(std::uint32_t), '\0');
    appendLittle(out, kind);
    appendLittle(out, static_cast<std::uint8_t>(flags));
    appendLittle(out, record.claims);
    appendBytes(out, record.holder.job);
    appendLittle(out, record.sequence);
    appendLittle(out, record.holder.jobZone);
    appendLittle(out, record.amount);
    appendLittle(out, record.window.begin);
    appendLittle(out, record.window.end);
    appendLittle(out, record.taken);
    appendLittle(out, record.held);
    appendBytes(out, record.key);
    appendLittle(out, record.holder.pid);
    appendLittle(out, std::uint32_t{0});
    storeLittle(&out[begin + kMagic.size()], crcOf(std::string_view(out).substr(begin + kChecked)));
}

/// `frame` has the size of one.
std::optional<QuotaFrame> decode(std::string_view frame) {
    const char* const bytes = frame.data();
    if (frame.substr(0, kMagic.size()) != kMagic ||
        loadLittle<std::uint32_t>(bytes + kMagic.size()) != crcOf(frame.substr(kChecked))) {
        return std::nullopt;
    }
    const auto number = static_cast<std::uint8_t>(bytes[8]);
    if (number == kWholeMark) {
        return QuotaFrame{true, false, {}};
    }
    const auto kind = kindOf(number);
    if (!kind) {
        return std::nullopt;
    }
    QuotaRecord record;
    record.kind = *kind;
    record.isSettled = (bytes[9] & kSettled) != 0;
    record.isAccepted = (bytes[9] & kAccepted) != 0;
    record.claims = static_cast<std::uint8_t>(bytes[10]);
    loadBytes(record.holder.job, bytes + 11);
    record.sequence = loadLittle<std::uint64_t>(bytes + 32);
    record.holder.jobZone = loadLittle<std::uint64_t>(bytes + 40);
    record.amount = loadLittle<std::uint64_t>(bytes + 48);
    record.window.begin = loadLittle<std::int64_t>(bytes + 56);
    record.window.end = loadLittle<std::int64_t>(bytes + 64);
    record.taken = loadLittle<std::uint64_t>(bytes + 72);
    record.held = loadLittle<std::uint64_t>(bytes + 80);
    loadBytes(record.key, bytes + 88);
    record.holder.pid = loadLittle<std::int32_t>(bytes + 104);
    return QuotaFrame{false, (bytes[9] & kCopied) != 0, record};
}

/// Where the next frame may begin, behind `at`.
std::size_t nextBegin(std::string_view bytes, std::size_t at) {
    const std::size_t found = bytes.find(kMagic, at + 1);
    return found != std::string_view::npos ? found
                                           : std::max(at + 1, bytes.size() - (kMagic.size() - 1));
}

}  // namespace

void appendFrames(std::string& out, const std::vector<QuotaRecord>& records) {
    for (const QuotaRecord& record : records) {
        append(out, numberOf(record.kind), record, false);
    }
}

void appendCopy(std::string& out, const QuotaRecord& record) {
    append(out, numberOf(record.kind), record, true);
}

void appendWholeMark(std::string& out) {
    append(out, kWholeMark, {}, true);
}

std::optional<QuotaFrame> nextFrame(std::string_view bytes, std::size_t& at, std::size_t& damaged) {
    while (bytes.size() - at >= kQuotaFrameBytes) {
        if (auto frame = decode(bytes.substr(at, kQuotaFrameBytes))) {
            at += kQuotaFrameBytes;
            return frame;
        }
        const std::size_t next = nextBegin(bytes, at);
        damaged += next - at;
        at = next;
    }
    return std::nullopt;
}

}  // namespace edgerun::store
