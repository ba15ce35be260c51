#include "edgerun/auth/secret.h"

#include <cstdlib>

#include "edgerun/text/file.h"

namespace edgerun::auth {
namespace {

constexpr std::string_view kEnvironment = "env:";
constexpr std::string_view kFile = "file:";
constexpr std::size_t kMaxFileBytes = 64 * 1024;

using SecretResult = std::variant<Secret, SecretProblem>;

SecretResult readVariable(const std::string& name);
SecretResult readSecretFile(const std::string& path);

bool startsWith(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

SecretResult readSecret(std::string_view spec) {
    if (startsWith(spec, kEnvironment)) {
        return readVariable(std::string(spec.substr(kEnvironment.size())));
    }
    if (startsWith(spec, kFile)) {
        return readSecretFile(std::string(spec.substr(kFile.size())));
    }
    return Secret{std::string(spec), true, {}};
}

namespace {

SecretResult readVariable(const std::string& name) {
    if (name.empty()) {
        return SecretProblem{"env: needs the name of a variable"};
    }
    const char* value = std::getenv(name.c_str());
    return Secret{value == nullptr ? "" : value, false, {}};
}

void removeTrailingNewline(std::string& text) {
    if (!text.empty() && text.back() == '\n') {
        text.pop_back();
        if (!text.empty() && text.back() == '\r') {
            text.pop_back();
        }
    }
}

SecretResult readSecretFile(const std::string& path) {
    if (path.empty()) {
        return SecretProblem{"file: needs the path of a file"};
    }
    auto read = text::readFile(path, kMaxFileBytes);
    if (auto* problem = std::get_if<text::FileProblem>(&read)) {
        return SecretProblem{std::move(problem->message)};
    }
    auto& file = std::get<text::FileText>(read);
    removeTrailingNewline(file.bytes);
    std::string warning;
    if (file.isOpenToOthers) {
        warning = "file \"" + path + "\" is open to its group or to everybody; chmod 600 it";
    }
    return Secret{std::move(file.bytes), false, std::move(warning)};
}

}  // namespace
}  // namespace edgerun::auth
