#include "token_hash.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include "openssl.h"

namespace edgerun::auth {
namespace {

template <typename T>
bool fillWithRandom(T& out) {
    return RAND_bytes(reinterpret_cast<unsigned char*>(&out), sizeof out) == 1;
}

/// Up to four bytes, zeros after the last; the length is hashed on its own.
std::uint32_t wordAt(std::string_view token, std::size_t at) {
    std::uint32_t word = 0;
    std::memcpy(&word, token.data() + at, std::min(sizeof word, token.size() - at));
    return word;
}

}  // namespace

bool TokenHash::seed() {
    const ErrorQueueGuard guard;
    return fillWithRandom(constant_) && fillWithRandom(forVerifierAndLength_) &&
           fillWithRandom(forToken_);
}

std::uint32_t TokenHash::operator()(std::uint64_t verifier, std::string_view token) const {
    std::uint64_t sum = constant_ + forVerifierAndLength_[0] * (verifier & UINT32_MAX) +
                        forVerifierAndLength_[1] * (verifier >> 32) +
                        forVerifierAndLength_[2] * token.size();
    const std::size_t whole = token.size() / sizeof(std::uint32_t);
    for (std::size_t i = 0; i < whole; ++i) {
        std::uint32_t word;
        std::memcpy(&word, token.data() + i * sizeof word, sizeof word);
        sum += forToken_[i] * word;
    }
    if (whole * sizeof(std::uint32_t) < token.size()) {
        sum += forToken_[whole] * wordAt(token, whole * sizeof(std::uint32_t));
    }
    return static_cast<std::uint32_t>(sum >> 32);
}

}  // namespace edgerun::auth
