#pragma once

#include <openssl/err.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/auth/identity.h"
#include "edgerun/text/utf8.h"

namespace edgerun::fuzz {

/// Ends the process if not: that is how libFuzzer, and a replay of seeds, learn of a failure.
inline void must(bool holds, const char* property) {
    if (!holds) {
        std::fprintf(stderr, "\nnot so: %s\n", property);
        std::abort();
    }
}

inline std::string_view textOf(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// What may stand in a log line, a header or a variable.
inline void mustBeShowable(std::string_view text) {
    must(!text::hasControlCharacter(text), "what is shown has no control characters");
}

/// Roles and modules as the gate compares them and as variables show them.
inline void mustBeElements(const std::vector<std::string>& list) {
    must(list.size() <= 256, "at most 256 elements");
    for (const std::string& element : list) {
        must(!element.empty() && element.size() <= 256, "an element has 1 to 256 bytes");
        must(element.find(',') == std::string::npos, "an element has no comma");
        must(element.front() != ' ' && element.back() != ' ', "no blanks around an element");
        must(text::isValidUtf8(element), "an element is UTF-8");
        mustBeShowable(element);
    }
}

inline void mustBeIdentity(const auth::Identity& identity) {
    must(auth::isUserName(identity.user), "the user's name is one");
    must(identity.owner == auth::ownerKeyOf(identity.user), "the owner is the user");
    mustBeShowable(identity.user);
    mustBeElements(identity.roles);
    mustBeElements(identity.modules);
}

/// An error that stays in the queue would be taken for one of NGINX's own TLS connections.
inline void mustLeaveNoOpensslError() {
    must(ERR_peek_error() == 0, "OpenSSL's error queue is empty");
}

}  // namespace edgerun::fuzz
