#include "edgerun/store/idempotency.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "edgerun/text/ascii.h"

namespace edgerun::store {

namespace {

constexpr std::size_t kMaxKey = 255;

bool isVisible(char c) {
    return c > 0x20 && c < 0x7f;
}

/// What a list, a parameter or a string would need has a meaning of its own.
std::optional<std::string> readBare(std::string_view text) {
    for (const char c : text) {
        if (!isVisible(c) || std::string_view("\",;\\").find(c) != std::string_view::npos) {
            return std::nullopt;
        }
    }
    return std::string(text);
}

/// RFC 8941 section 3.3.3; without parameters.
std::optional<std::string> readQuoted(std::string_view text) {
    std::string out;
    for (std::size_t at = 1; at < text.size(); at++) {
        char c = text[at];
        if (c == '"') {
            return at + 1 == text.size() ? std::optional(out) : std::nullopt;
        }
        if (c == '\\') {
            c = ++at < text.size() ? text[at] : '\0';
            if (c != '"' && c != '\\') {
                return std::nullopt;
            }
        }
        if (!isVisible(c) && c != ' ') {
            return std::nullopt;
        }
        out += c;
    }
    return std::nullopt;
}

using Digest = std::array<std::uint8_t, 16>;

/// SHA-256, cut.
std::optional<Digest> digestOf(std::string_view bytes) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> whole;
    if (EVP_Digest(bytes.data(), bytes.size(), whole.data(), nullptr, EVP_sha256(), nullptr) != 1) {
        ERR_clear_error();
        return std::nullopt;
    }
    Digest digest;
    std::copy_n(whole.begin(), digest.size(), digest.begin());
    return digest;
}

/// Each part behind its length.
template <typename Bytes>
void appendPart(std::string& out, const Bytes& bytes) {
    const std::uint64_t size = bytes.size();
    for (unsigned shift = 0; shift < 64; shift += 8) {
        out += static_cast<char>(size >> shift);
    }
    out.append(bytes.begin(), bytes.end());
}

std::string scopedKey(const JobOwner& owner, std::string_view key) {
    std::string out;
    appendPart(out, owner.user);
    appendPart(out, std::to_string(owner.scope));
    appendPart(out, key);
    return out;
}

/// Journals hold fingerprints of bodies alone. No body that is taken begins as a size does.
std::optional<Digest> fingerprintOf(const KeyedRequest& request) {
    if (request.assistant.empty()) {
        return digestOf(request.body);
    }
    std::string parts;
    appendPart(parts, request.assistant);
    appendPart(parts, request.body);
    return digestOf(parts);
}

}  // namespace

std::optional<std::string> parseIdempotencyKey(std::string_view header) {
    header = text::trimmed(header, " \t");
    if (header.empty()) {
        return std::nullopt;
    }
    auto key = header.front() == '"' ? readQuoted(header) : readBare(header);
    const bool hasSize = key && !key->empty() && key->size() <= kMaxKey;
    return hasSize ? std::move(key) : std::nullopt;
}

std::optional<IdempotencyKey> idempotencyKeyOf(const JobOwner& owner, std::string_view key,
                                               const KeyedRequest& request) {
    const auto digest = digestOf(scopedKey(owner, key));
    const auto fingerprint = fingerprintOf(request);
    if (!digest || !fingerprint) {
        return std::nullopt;
    }
    return IdempotencyKey{*digest, *fingerprint};
}

}  // namespace edgerun::store
