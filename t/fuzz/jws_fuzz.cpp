// Compact tokens against keys of every kind: accepted is only what was signed with one of them,
// byte by byte. These tokens are the files valid_* of corpus/jws. (An ECDSA signature has a twin
// that is good too, r and n - s; mutations do not come upon it.)

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <utility>

#include "edgerun/auth/jws.h"
#include "edgerun/auth/key_set.h"
#include "edgerun/text/base64url.h"
#include "property.h"

/// libFuzzer's own; a replay of seeds has none and never asks for a mutation.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                                              std::size_t maxSize);

namespace edgerun::fuzz {
namespace {

namespace fs = std::filesystem;

std::string fileText(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// All our keys, those with a kid, and what was signed with them.
class Issued {
public:
    Issued() {
        const fs::path directory = EDGERUN_FUZZ_DIRECTORY;
        addKeys(directory / "keys/public.json");
        addKeys(directory / "keys/secret.json");
        for (const auto& entry : fs::directory_iterator(directory / "corpus/jws")) {
            if (entry.path().filename().string().rfind("valid_", 0) == 0) {
                addToken(fileText(entry.path()));
            }
        }
        must(payloads_.size() >= 13, "there is a token of each algorithm");
    }

    const auth::VerificationKeys& keys() const { return keys_; }
    const auth::VerificationKeys& namedKeys() const { return namedKeys_; }

    /// Null for what we never signed.
    const std::string* payloadOf(std::string_view token) const {
        const auto found = payloads_.find(std::string(token));
        return found == payloads_.end() ? nullptr : &found->second;
    }

private:
    void addKeys(const fs::path& path) {
        auto set = auth::readKeyFile(fileText(path));
        must(std::holds_alternative<auth::KeySet>(set), "our own keys can be read");
        for (auto& key : std::get<auth::KeySet>(set).keys) {
            if (!key->keyId().empty()) {
                namedKeys_.push_back(key);
            }
            keys_.push_back(std::move(key));
        }
    }

    // A verifier that accepts nothing would pass every check below.
    void addToken(const std::string& token) {
        auto payload = auth::verifyCompact(token, keys_);
        must(std::holds_alternative<std::string>(payload), "a token that we signed is accepted");
        payloads_.emplace(token, std::get<std::string>(std::move(payload)));
    }

    auth::VerificationKeys keys_;
    auth::VerificationKeys namedKeys_;
    std::map<std::string, std::string> payloads_;  ///< by token
};

const Issued& issued() {
    static const Issued issued;
    return issued;
}

bool isAccepted(std::string_view token, const auth::VerificationKeys& keys,
                auth::AlgorithmSet algorithms) {
    const auto result = auth::verifyCompact(token, keys, algorithms);
    mustLeaveNoOpensslError();
    const auto* payload = std::get_if<std::string>(&result);
    if (payload == nullptr) {
        return false;
    }
    const std::string* signedPayload = issued().payloadOf(token);
    must(signedPayload != nullptr, "only what was signed is accepted");
    must(*payload == *signedPayload, "the payload is the one that was signed");
    return true;
}

/// Header, payload and signature as they are, not as base64url: a mutation of text would mostly be
/// none of a header.
using Parts = std::vector<std::string>;

Parts partsOf(std::string_view token) {
    Parts parts;
    for (std::size_t at = 0; at <= token.size() && parts.size() < 4;) {
        const std::size_t end = std::min(token.find('.', at), token.size());
        const std::string_view part = token.substr(at, end - at);
        parts.push_back(text::decodeBase64Url(part).value_or(std::string(part)));
        at = end + 1;
    }
    return parts;
}

std::string tokenOf(const Parts& parts) {
    std::string token;
    for (const std::string& part : parts) {
        token += (&part == &parts.front() ? "" : ".") + text::encodeBase64Url(part);
    }
    return token;
}

void mutate(std::string& bytes, std::size_t maxSize) {
    const std::size_t size = bytes.size();
    bytes.resize(std::max(size, maxSize));
    bytes.resize(
        LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, bytes.size()));
}

}  // namespace
}  // namespace edgerun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgerun::fuzz;
    using edgerun::auth::Algorithm;
    using edgerun::auth::AlgorithmSet;
    const std::string_view token = textOf(data, size);
    const bool everywhere = isAccepted(token, issued().keys(), AlgorithmSet::all());
    const bool narrowed =
        isAccepted(token, issued().keys(), {Algorithm::HS256, Algorithm::ES256, Algorithm::EdDSA});
    const bool named = isAccepted(token, issued().namedKeys(), AlgorithmSet::all());
    must(everywhere || (!narrowed && !named), "fewer keys or algorithms accept no more");
    must(!isAccepted(token, {}, AlgorithmSet::all()), "without keys nothing is accepted");
    return 0;
}

/// Half of the mutations go to one decoded part of the token.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t maxSize, unsigned seed) {
    using namespace edgerun::fuzz;
    std::minstd_rand random(seed);
    if (random() % 2 == 0) {
        return LLVMFuzzerMutate(data, size, maxSize);
    }
    Parts parts = partsOf(textOf(data, size));
    mutate(parts[random() % parts.size()], maxSize / 2);
    const std::string token = tokenOf(parts);
    const std::size_t taken = std::min(token.size(), maxSize);
    std::copy_n(token.begin(), taken, reinterpret_cast<char*>(data));
    return taken;
}
