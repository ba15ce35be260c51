#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edgerun/auth/jwk.h"

namespace edgerun::auth {

/// Each block of `text` (RFC 7468), in order: "PUBLIC KEY" (RFC 5280 section 4.1.2.7) and the
/// key of each "CERTIFICATE", whose validity and issuer are not looked at: the operator
/// trusts the file. All other blocks are unusable, private keys above all. The keys have no
/// kid and allow all that fits them. Text outside of blocks is not read; at most `maxBlocks`
/// blocks are. Text without any whole block is one unusable key.
std::vector<std::variant<VerificationKeyPtr, UnusableKey>> readPem(std::string_view text,
                                                                   std::size_t maxBlocks);

}  // namespace edgerun::auth
