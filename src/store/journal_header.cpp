#include "edgerun/store/journal_files.h"
#include "journal_crc.h"
#include "little_endian.h"

namespace edgerun::store {

namespace {

constexpr std::string_view kMagic = "edgerunJ";

/// Where the numbers stand behind the magic; what lies between them and the CRC is zero.
enum Offset : std::size_t {
    kFormat = 8,
    kNumber = 12,
    kWriter = 16,
    kInstance = 24,
    kCreated = 32,
    kCrc = kSegmentHeaderBytes - 4,
};

std::uint32_t crcBefore(std::string_view header) {
    return crcOf(header.substr(0, kCrc));
}

}  // namespace

std::string encodeSegmentHeader(const SegmentHeader& header) {
    std::string bytes(kSegmentHeaderBytes, '\0');
    bytes.replace(0, kMagic.size(), kMagic);
    storeLittle(&bytes[kFormat], kJournalFormat);
    storeLittle(&bytes[kNumber], header.number);
    storeLittle(&bytes[kWriter], header.writer);
    storeLittle(&bytes[kInstance], header.instance);
    storeLittle(&bytes[kCreated], header.createdWall);
    storeLittle(&bytes[kCrc], crcBefore(bytes));
    return bytes;
}

std::optional<SegmentHeader> decodeSegmentHeader(std::string_view bytes, HeaderFault& fault) {
    bytes = bytes.substr(0, kSegmentHeaderBytes);
    if (bytes.size() < kSegmentHeaderBytes || bytes.find_first_not_of('\0') == bytes.npos) {
        fault = HeaderFault::Torn;
        return std::nullopt;
    }
    if (bytes.substr(0, kMagic.size()) != kMagic) {
        fault = HeaderFault::Foreign;
        return std::nullopt;
    }
    // A later format keeps what tells it from a torn header: magic, format and CRC.
    if (loadLittle<std::uint32_t>(&bytes[kCrc]) != crcBefore(bytes)) {
        fault = HeaderFault::Torn;
        return std::nullopt;
    }
    const auto format = loadLittle<std::uint32_t>(&bytes[kFormat]);
    if (format != kJournalFormat) {
        fault = format > kJournalFormat ? HeaderFault::LaterFormat : HeaderFault::Foreign;
        return std::nullopt;
    }
    SegmentHeader header;
    header.number = loadLittle<std::uint32_t>(&bytes[kNumber]);
    header.writer = loadLittle<std::uint64_t>(&bytes[kWriter]);
    header.instance = loadLittle<std::uint64_t>(&bytes[kInstance]);
    header.createdWall = loadLittle<std::int64_t>(&bytes[kCreated]);
    return header;
}

}  // namespace edgerun::store
