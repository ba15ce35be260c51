#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

#include "edgerun/auth/hmac_key.h"
#include "edgerun/auth/jwt_verifier.h"
#include "edgerun/auth/token_cache.h"
#include "edgerun/text/base64url.h"

namespace edgerun::auth {
namespace {

const std::string kSecret(32, 's');
constexpr double kNow = 1'700'000'000;

/// About 520 bytes, like what identity providers issue.
std::string makeToken() {
    const std::string payload =
        R"({"iss":"https://login.example.com/","aud":"https://api.example.com","sub":"user-0123456789",)"
        R"("iat":1699999000,"nbf":1699999000,"exp":1999999999,"jti":"0b9f2a6e-5c1d-4a7e-9e0f-2f6f1b1a9d11",)"
        R"("azp":"web-client","scope":"openid profile email","role":"admin","simRateLimit":100,)"
        R"("assignedModules":["simulations","reports","knowledge"]})";
    const std::string input = text::encodeBase64Url(R"({"alg":"HS256","typ":"JWT"})") + "." +
                              text::encodeBase64Url(payload);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), kSecret.data(), static_cast<int>(kSecret.size()),
         reinterpret_cast<const unsigned char*>(input.data()), input.size(), mac, &size);
    return input + "." + text::encodeBase64Url({reinterpret_cast<char*>(mac), size});
}

VerificationKeys makeKeys() {
    VerificationKeys keys;
    keys.push_back(makeHmacKey(kSecret));
    return keys;
}

void verifyHs256(benchmark::State& state) {
    const std::string token = makeToken();
    const VerificationKeys keys = makeKeys();
    const TokenPolicy policy;
    while (state.KeepRunning()) {
        auto claims = verifyToken(token, keys, policy, kNow);
        if (!std::holds_alternative<Caller>(claims)) {
            state.SkipWithError("token refused");
        }
        benchmark::DoNotOptimize(claims);
    }
    state.SetLabel(std::to_string(token.size()) + " bytes");
}
BENCHMARK(verifyHs256);

void refuseBadSignature(benchmark::State& state) {
    std::string token = makeToken();
    token[token.size() - 5] ^= 1;
    const VerificationKeys keys = makeKeys();
    const TokenPolicy policy;
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(verifyToken(token, keys, policy, kNow));
    }
}
BENCHMARK(refuseBadSignature);

void findCached(benchmark::State& state) {
    const std::string token = makeToken();
    TokenCache cache(1024);
    const auto claims =
        std::make_shared<Caller>(std::get<Caller>(verifyToken(token, makeKeys(), {}, kNow)));
    for (int i = 0; i < 1000; ++i) {
        cache.insert(1, token + std::to_string(i), claims);
    }
    cache.insert(1, token, claims);
    while (state.KeepRunning()) {
        auto found = cache.find(1, token, kNow);
        if (!found) {
            state.SkipWithError("token not found");
        }
        benchmark::DoNotOptimize(found);
    }
}
BENCHMARK(findCached);

}  // namespace
}  // namespace edgerun::auth
