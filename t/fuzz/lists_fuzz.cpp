// Files of API keys and of users: what they say is whole, or every fault has its line and is fit
// for a log; a key is found only if its digest stands in the file.

#include <openssl/evp.h>

#include <algorithm>

#include "edgerun/auth/api_keys.h"
#include "edgerun/auth/user_directory.h"
#include "edgerun/text/hex.h"
#include "property.h"

namespace edgerun::fuzz {
namespace {

/// Whose digests the seeds hold.
constexpr std::string_view kKeys[] = {"er_live_first", "er_live_second", "er_live_third"};

std::string hexDigestOf(std::string_view key) {
    std::array<std::uint8_t, 32> digest{};
    EVP_Digest(key.data(), key.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    return text::encodeHex(digest);
}

std::string inSmallLetters(std::string_view text) {
    std::string small(text);
    std::transform(small.begin(), small.end(), small.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return small;
}

void checkFaults(const auth::FileFaults& faults, std::string_view file) {
    const auto lines = static_cast<std::size_t>(std::count(file.begin(), file.end(), '\n')) + 1;
    must(!faults.empty(), "a file that is refused has a fault");
    std::size_t last = 1;
    for (const auth::FileFault& fault : faults) {
        must(fault.line >= last && fault.line <= lines, "faults stand in the order of the lines");
        must(!fault.message.empty() && text::isValidUtf8(fault.message), "a fault has its words");
        mustBeShowable(fault.message);
        last = fault.line;
    }
}

/// Digits may also be written as JSON escapes: then only the reader knows that they are there.
bool mayName(std::string_view file, std::string_view key) {
    return file.find('\\') != std::string_view::npos ||
           inSmallLetters(file).find(hexDigestOf(key)) != std::string::npos;
}

void checkKeys(const auth::ApiKeys& keys, std::string_view file) {
    for (const std::string_view key : kKeys) {
        const auto caller = keys.find(key);
        if (caller == nullptr) {
            continue;
        }
        must(mayName(file, key), "a key that is found stands in the file");
        mustBeIdentity(caller->identity);
        must(caller->payload.empty(), "an API key has no claims");
    }
    must(keys.find(file) == nullptr && keys.find("") == nullptr, "no other key is found");
}

auth::Caller callerNamed(std::string_view name) {
    auth::Caller caller;
    caller.identity.user = name;
    caller.identity.owner = auth::ownerKeyOf(name);
    caller.identity.roles = {"from-the-credential"};
    return caller;
}

void checkUsers(const auth::UserDirectory& users, std::string_view file) {
    for (const char* name : {"anna", "ben", "svc-reports"}) {
        auth::Caller caller = callerNamed(name);
        users.apply(caller);
        mustBeIdentity(caller.identity);
        must(caller.identity.user == name, "the directory changes nobody's name");
        must(caller.standing == auth::Standing::Unknown || users.size() > 0,
             "an empty directory knows nobody");
    }
    auth::Caller stranger = callerNamed("nobody of that name in " + std::string(file.substr(0, 9)));
    users.apply(stranger);
    must(stranger.standing == auth::Standing::Unknown, "a stranger is unknown");
}

}  // namespace
}  // namespace edgerun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgerun;
    const std::string_view file = fuzz::textOf(data, size);

    auto users = auth::UserDirectory::read(file);
    if (const auto* faults = std::get_if<auth::FileFaults>(&users)) {
        fuzz::checkFaults(*faults, file);
    } else {
        fuzz::checkUsers(std::get<auth::UserDirectory>(users), file);
    }

    auto keys = auth::ApiKeys::read(file);
    if (const auto* faults = std::get_if<auth::FileFaults>(&keys)) {
        fuzz::checkFaults(*faults, file);
        return 0;
    }
    auto& read = std::get<auth::ApiKeys>(keys);
    fuzz::checkKeys(read, file);
    if (const auto* directory = std::get_if<auth::UserDirectory>(&users)) {
        read.applyDirectory(*directory);
        fuzz::checkKeys(read, file);
    }
    fuzz::mustLeaveNoOpensslError();
    return 0;
}
