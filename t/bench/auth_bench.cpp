#include <benchmark/benchmark.h>
#include <openssl/hmac.h>

#include <string>

#include "../unit/auth_signing_key.h"
#include "edgerun/auth/hmac_key.h"
#include "edgerun/auth/jwt_verifier.h"
#include "edgerun/auth/key_set.h"
#include "edgerun/auth/token_cache.h"

namespace edgerun::auth {
namespace {

const std::string kSecret(32, 's');
constexpr double kNow = 1'700'000'000;

/// A token of about 520 bytes and more with longer signatures, as identity providers issue them,
/// and the one key that verifies it.
struct Issued {
    std::string token;
    VerificationKeys keys;
};

std::string signingInputFor(Algorithm algorithm) {
    const std::string payload =
        R"({"iss":"https://login.example.com/","aud":"https://api.example.com","sub":"user-0123456789",)"
        R"("iat":1699999000,"nbf":1699999000,"exp":1999999999,"jti":"0b9f2a6e-5c1d-4a7e-9e0f-2f6f1b1a9d11",)"
        R"("azp":"web-client","scope":"openid profile email","role":"admin","simRateLimit":100,)"
        R"("assignedModules":["simulations","reports","knowledge"]})";
    return text::encodeBase64Url(headerFor(algorithm, R"("typ":"JWT","kid":"k")")) + "." +
           text::encodeBase64Url(payload);
}

Issued issueBySecret() {
    const std::string input = signingInputFor(Algorithm::HS256);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), kSecret.data(), static_cast<int>(kSecret.size()),
         reinterpret_cast<const unsigned char*>(input.data()), input.size(), mac, &size);
    return {input + "." + text::encodeBase64Url({reinterpret_cast<char*>(mac), size}),
            {std::get<VerificationKeyPtr>(makeHmacKey(kSecret))}};
}

Issued issueBy(const SigningKey& key, Algorithm algorithm) {
    const std::string input = signingInputFor(algorithm);
    auto read = readKeyFile(key.jwk(R"("kid":"k")"));
    return {input + "." + text::encodeBase64Url(key.sign(algorithm, input)),
            std::move(std::get<KeySet>(read).keys)};
}

/// What a worker does with a token that it does not know.
void verify(benchmark::State& state, const Issued& issued) {
    const TokenPolicy policy;
    while (state.KeepRunning()) {
        auto claims = verifyToken(issued.token, issued.keys, policy, kNow);
        if (!std::holds_alternative<Caller>(claims)) {
            state.SkipWithError("token refused");
        }
        benchmark::DoNotOptimize(claims);
    }
    state.SetLabel(std::to_string(issued.token.size()) + " bytes");
}

void verifyHs256(benchmark::State& state) {
    verify(state, issueBySecret());
}
BENCHMARK(verifyHs256);

void verifySignature(benchmark::State& state, Algorithm algorithm) {
    verify(state, issueBy(signingKeyFor(algorithm), algorithm));
}
BENCHMARK_CAPTURE(verifySignature, RS256, Algorithm::RS256);
BENCHMARK_CAPTURE(verifySignature, PS256, Algorithm::PS256);
BENCHMARK_CAPTURE(verifySignature, ES256, Algorithm::ES256);
BENCHMARK_CAPTURE(verifySignature, ES384, Algorithm::ES384);
BENCHMARK_CAPTURE(verifySignature, ES512, Algorithm::ES512);
BENCHMARK_CAPTURE(verifySignature, Ed25519, Algorithm::EdDSA);

void verifyEd448(benchmark::State& state) {
    verify(state, issueBy(SigningKey::edwards("Ed448"), Algorithm::EdDSA));
}
BENCHMARK(verifyEd448);

void refuse(benchmark::State& state, Issued issued) {
    issued.token[issued.token.size() - 5] ^= 1;
    const TokenPolicy policy;
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(verifyToken(issued.token, issued.keys, policy, kNow));
    }
}

void refuseBadSignature(benchmark::State& state) {
    refuse(state, issueBySecret());
}
BENCHMARK(refuseBadSignature);

void refuseBadRs256(benchmark::State& state) {
    refuse(state, issueBy(rsaSigningKey(), Algorithm::RS256));
}
BENCHMARK(refuseBadRs256);

/// A worker's cache holds a thousand others.
void findCached(benchmark::State& state, const Issued& issued) {
    TokenCache cache(1024);
    const auto claims = std::make_shared<Caller>(
        std::get<Caller>(verifyToken(issued.token, issued.keys, {}, kNow)));
    for (int i = 0; i < 1000; ++i) {
        cache.insert(1, issued.token + std::to_string(i), claims);
    }
    cache.insert(1, issued.token, claims);
    while (state.KeepRunning()) {
        auto found = cache.find(1, issued.token, kNow);
        if (!found) {
            state.SkipWithError("token not found");
        }
        benchmark::DoNotOptimize(found);
    }
    state.SetLabel(std::to_string(issued.token.size()) + " bytes");
}

void findCachedHs256(benchmark::State& state) {
    findCached(state, issueBySecret());
}
BENCHMARK(findCachedHs256);

void findCachedRs256(benchmark::State& state) {
    findCached(state, issueBy(rsaSigningKey(), Algorithm::RS256));
}
BENCHMARK(findCachedRs256);

void findCachedEs512(benchmark::State& state) {
    findCached(state, issueBy(signingKeyFor(Algorithm::ES512), Algorithm::ES512));
}
BENCHMARK(findCachedEs512);

/// What each worker does when a provider has published new keys.
void readSetOf5Keys(benchmark::State& state) {
    std::string set;
    const auto add = [&set](const SigningKey& key) {
        const std::string kid = R"("use":"sig","kid":")" + std::to_string(set.size()) + '"';
        set += (set.empty() ? R"({"keys":[)" : ",") + key.jwk(kid);
    };
    add(rsaSigningKey());
    add(SigningKey::rsa());
    add(signingKeyFor(Algorithm::ES256));
    add(signingKeyFor(Algorithm::ES512));
    add(signingKeyFor(Algorithm::EdDSA));
    set += "]}";
    while (state.KeepRunning()) {
        auto read = readKeySet(set);
        if (!std::holds_alternative<KeySet>(read) || std::get<KeySet>(read).keys.size() != 5) {
            state.SkipWithError("set refused");
        }
        benchmark::DoNotOptimize(read);
    }
    state.SetLabel(std::to_string(set.size()) + " bytes");
}
BENCHMARK(readSetOf5Keys);

}  // namespace
}  // namespace edgerun::auth
