#include "edgerun/store/job_id.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include "edgerun/text/base64url.h"

namespace edgerun::store {

namespace {

constexpr std::size_t kTimeBytes = 6;
constexpr std::size_t kRandomBytes = 10;
constexpr std::size_t kMacBytes = 4;
constexpr std::size_t kSignedBytes = kJobIdBytes - kMacBytes;
static_assert(kTimeBytes + 1 + kRandomBytes == kSignedBytes);

using Mac = std::array<std::uint8_t, kMacBytes>;

std::optional<Mac> macOf(const JobId& id, const JobOwner& owner, const JobIdSecret& secret) {
    std::array<std::uint8_t, kSignedBytes + sizeof(owner.user) + sizeof(owner.scope)> input;
    std::uint8_t* end = std::copy_n(id.begin(), kSignedBytes, input.begin());
    end = std::copy(owner.user.begin(), owner.user.end(), end);
    std::memcpy(end, &owner.scope, sizeof(owner.scope));

    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
    if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), input.data(),
             input.size(), digest.data(), nullptr) == nullptr) {
        ERR_clear_error();
        return std::nullopt;
    }
    Mac mac;
    std::copy_n(digest.begin(), mac.size(), mac.begin());
    return mac;
}

}  // namespace

std::optional<JobId> makeJobId(std::int64_t unixMilliseconds, std::uint8_t node,
                               const JobOwner& owner, const JobIdSecret& secret) {
    JobId id;
    for (std::size_t at = 0; at < kTimeBytes; ++at) {
        id[at] = static_cast<std::uint8_t>(unixMilliseconds >> (8 * (kTimeBytes - 1 - at)));
    }
    id[kTimeBytes] = node;
    if (RAND_bytes(&id[kTimeBytes + 1], kRandomBytes) != 1) {
        ERR_clear_error();
        return std::nullopt;
    }
    const std::optional<Mac> mac = macOf(id, owner, secret);
    if (!mac) {
        return std::nullopt;
    }
    std::copy(mac->begin(), mac->end(), id.begin() + kSignedBytes);
    return id;
}

bool isGenuine(const JobId& id, const JobOwner& owner, const JobIdSecret& secret) {
    const std::optional<Mac> mac = macOf(id, owner, secret);
    return mac && CRYPTO_memcmp(mac->data(), &id[kSignedBytes], mac->size()) == 0;
}

std::int64_t timeOf(const JobId& id) {
    std::int64_t milliseconds = 0;
    for (std::size_t at = 0; at < kTimeBytes; ++at) {
        milliseconds = milliseconds << 8 | id[at];
    }
    return milliseconds;
}

std::string formatJobId(const JobId& id) {
    return text::encodeBase64Url({reinterpret_cast<const char*>(id.data()), id.size()});
}

std::optional<JobId> parseJobId(std::string_view text) {
    if (text.size() != kJobIdCharacters) {
        return std::nullopt;
    }
    const std::optional<std::string> bytes = text::decodeBase64Url(text);
    if (!bytes || bytes->size() != kJobIdBytes) {
        return std::nullopt;
    }
    JobId id;
    std::copy(bytes->begin(), bytes->end(), id.begin());
    return id;
}

}  // namespace edgerun::store
