// Key sets, of the operator's files (JWKS, JWK, PEM) and of identity providers: every key that is
// taken can be used at once, whatever a token brings, and what is said of the others fits a log.

#include <set>
#include <utility>

#include "edgerun/auth/key_set.h"
#include "property.h"

namespace edgerun::fuzz {
namespace {

using auth::Algorithm;

constexpr Algorithm kAlgorithms[] = {
    Algorithm::HS256, Algorithm::HS384, Algorithm::HS512, Algorithm::RS256, Algorithm::RS384,
    Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512, Algorithm::ES256,
    Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA,
};

/// As long as signatures of these algorithms are, and a byte beside them.
constexpr std::size_t kSignatureSizes[] = {0,  1,   32,  48,  57,  63,  64,  65,   96,
                                           97, 114, 131, 132, 133, 255, 256, 1024, 1025};

std::string garbage(std::size_t size) {
    std::string bytes(size, '\0');
    unsigned value = 0x5A;
    for (char& byte : bytes) {
        value = value * 73 + 41;
        byte = static_cast<char>(value >> 3);
    }
    return bytes;
}

void checkKey(const auth::VerificationKey& key) {
    must(!key.algorithms().empty(), "a key serves for something");
    must(key.keyId().size() <= auth::kMaxKeyIdBytes, "a kid has at most 256 bytes");
    for (const Algorithm algorithm : kAlgorithms) {
        for (const std::size_t size : kSignatureSizes) {
            must(!key.verify(algorithm, "a.b", garbage(size)), "garbage is no signature");
        }
    }
}

void checkMessages(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) {
        must(!message.empty(), "a fault has its words");
        mustBeShowable(message);
    }
}

void checkKeys(const auth::KeySet& set) {
    must(!set.keys.empty() && set.keys.size() <= auth::kMaxKeys, "1 to 64 keys");
    std::set<std::pair<std::string, Algorithm>> named;
    for (const auth::VerificationKeyPtr& key : set.keys) {
        must(key != nullptr, "a key is there");
        checkKey(*key);
        for (const Algorithm algorithm : kAlgorithms) {
            must(key->keyId().empty() || !key->allows(algorithm) ||
                     named.emplace(key->keyId(), algorithm).second,
                 "a kid names one key of an algorithm");
        }
    }
    checkMessages(set.skipped);
}

bool isSecret(const auth::VerificationKey& key) {
    return key.algorithms().meets({Algorithm::HS256, Algorithm::HS384, Algorithm::HS512});
}

void checkFile(std::string_view bytes) {
    const auto result = auth::readKeyFile(bytes);
    mustLeaveNoOpensslError();
    if (const auto* faults = std::get_if<auth::KeySetFaults>(&result)) {
        must(!faults->empty(), "a file that is refused has a fault");
        checkMessages(*faults);
        return;
    }
    const auto& set = std::get<auth::KeySet>(result);
    checkKeys(set);
    for (const auth::VerificationKeyPtr& key : set.keys) {
        must(isSecret(*key) == isSecret(*set.keys.front()), "no secrets beside public keys");
    }
}

void checkAnswer(std::string_view bytes) {
    const auto result = auth::readKeySet(bytes);
    mustLeaveNoOpensslError();
    if (const auto* fault = std::get_if<std::string>(&result)) {
        checkMessages({*fault});
        return;
    }
    const auto& set = std::get<auth::KeySet>(result);
    checkKeys(set);
    for (const auth::VerificationKeyPtr& key : set.keys) {
        must(!isSecret(*key), "an identity provider gives no secrets");
    }
}

}  // namespace
}  // namespace edgerun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgerun::fuzz;
    checkFile(textOf(data, size));
    checkAnswer(textOf(data, size));
    mustLeaveNoOpensslError();
    return 0;
}
