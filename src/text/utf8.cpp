#include "edgerun/text/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace edgerun::text {
namespace {

bool isContinuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// RFC 3629 section 4: what may follow a leading byte. The second byte's range
/// is what excludes overlong forms, surrogates and code points above U+10FFFF.
struct Sequence {
    unsigned char firstLead, lastLead;
    unsigned char length;
    unsigned char minSecond, maxSecond;
};

constexpr Sequence kSequences[] = {
    {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF}, {0xE1, 0xEC, 3, 0x80, 0xBF},
    {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF}, {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
};

const Sequence* sequenceLedBy(unsigned char lead) {
    for (const Sequence& sequence : kSequences) {
        if (lead >= sequence.firstLead && lead <= sequence.lastLead) {
            return &sequence;
        }
    }
    return nullptr;
}

/// Bytes of the multi-byte code point at the start of `text`; 0 if it is none.
std::size_t multiByteLength(std::string_view text) {
    const Sequence* sequence = sequenceLedBy(static_cast<unsigned char>(text[0]));
    if (sequence == nullptr || text.size() < sequence->length) {
        return 0;
    }
    const auto second = static_cast<unsigned char>(text[1]);
    if (second < sequence->minSecond || second > sequence->maxSecond) {
        return 0;
    }
    const std::string_view rest = text.substr(2, sequence->length - 2U);
    return std::all_of(rest.begin(), rest.end(), isContinuation) ? sequence->length : 0;
}

/// Most text is ASCII, so eight bytes are looked at together.
std::size_t skipAscii(std::string_view text, std::size_t at) {
    constexpr std::uint64_t kHighBits = 0x8080808080808080U;
    for (std::uint64_t word; at + sizeof word <= text.size(); at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        if ((word & kHighBits) != 0) {
            break;
        }
    }
    while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) {
        ++at;
    }
    return at;
}

}  // namespace

bool isValidUtf8(std::string_view text) {
    for (std::size_t at = skipAscii(text, 0); at < text.size();) {
        const std::size_t length = multiByteLength(text.substr(at));
        if (length == 0) {
            return false;
        }
        at += length;
        if (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) {
            at = skipAscii(text, at);
        }
    }
    return true;
}

std::size_t countCodePoints(std::string_view text) {
    return text.size() -
           static_cast<std::size_t>(std::count_if(text.begin(), text.end(), isContinuation));
}

std::string_view cutAtCodePoints(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) {
        return text;
    }
    std::size_t points = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!isContinuation(text[at]) && points++ == limit) {
            return text.substr(0, at);
        }
    }
    return text;
}

std::string_view cutAtBytes(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) {
        return text;
    }
    while (limit > 0 && isContinuation(text[limit])) {
        --limit;
    }
    return text.substr(0, limit);
}

/// Those above ASCII are U+0080 to U+009F, C2 80 to C2 9F.
bool hasControlCharacter(std::string_view text, std::string_view allowed) {
    unsigned char before = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool isControl = byte < 0x20 || byte == 0x7F || (before == 0xC2 && byte < 0xA0);
        if (isControl && allowed.find(c) == std::string_view::npos) {
            return true;
        }
        before = byte;
    }
    return false;
}

}  // namespace edgerun::text
