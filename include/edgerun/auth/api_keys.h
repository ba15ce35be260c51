#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edgerun/auth/caller.h"
#include "edgerun/auth/file_fault.h"

namespace edgerun::auth {

class UserDirectory;

/// The longest API key that is looked at, in bytes.
inline constexpr std::size_t kMaxApiKeyBytes = 512;
/// The largest file of keys or users, in bytes.
inline constexpr std::size_t kMaxListFileBytes = 64U << 20;

/// The keys of one edgerun_auth_api_keys file: one JSON object a line; blank lines and lines that
/// begin with "#" do not count. Members: "sha256" (64 hex digits: of the whole key, which is random
/// and so needs no slow hash), "user"; and as wanted "id" (a name for people), "role" and "modules"
/// (an array of strings, or a string as addSeparated() takes it), "limit" (an integer from 0),
/// "not_after" (as text::parseTimestamp() takes it), "disabled" (a boolean). Constant after
/// reading.
class ApiKeys {
public:
    /// Every mistake is named: no JSON, unknown or missing members, wrong types, a digest or an id
    /// given twice.
    static std::variant<ApiKeys, FileFaults> read(std::string_view text);

    /// Whom the key stands for; null for unknown and disabled keys. Whether it is still valid is
    /// the caller's question; one without "not_after" never ends (infinity). Costs one SHA-256 and
    /// a look-up whose time tells nothing of use about other keys.
    std::shared_ptr<const Caller> find(std::string_view key) const;

    /// Once, before requests: what the directory says of the users.
    void applyDirectory(const UserDirectory& users);

    std::size_t size() const { return keys_.size(); }

private:
    using Digest = std::array<std::uint8_t, 32>;
    struct Key {
        Digest digest;
        std::shared_ptr<const Caller> caller;  ///< null: disabled
    };

    std::vector<Key> keys_;  ///< by digest
};

}  // namespace edgerun::auth
