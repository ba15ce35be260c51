#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// What a provider says about an error, made fit for others to read.
namespace edgerun::run {

/// {"error": {"message", "type", "param", "code"}}; members that are absent or
/// of another kind are empty. Still as the provider wrote it.
struct ProviderError {
    std::string code;  ///< or its type, where there is no code
    std::string message;
};

/// Takes anything; a body that is no such object gives an empty error.
ProviderError readProviderError(std::string_view body);

constexpr std::size_t kProviderTextLimit = 300;  ///< bytes

/// Valid UTF-8 of at most `limit` bytes: control characters are spaces, and
/// what looks like a key, a token or an account's id is blanked.
std::string cleanProviderText(std::string_view raw, std::size_t limit = kProviderTextLimit);

}  // namespace edgerun::run
