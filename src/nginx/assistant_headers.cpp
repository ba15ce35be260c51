#include <algorithm>

#include "edgerun/nginx/assistant_block.h"
#include "edgerun/nginx/entry_values.h"
#include "edgerun/nginx/secret_argument.h"

/// By what the endpoints of an assistant's tools know that edgerun calls.
namespace edgerun::nginx {

namespace {

/// What the client writes itself.
constexpr std::string_view kReserved[] = {
    "connection", "content-length", "content-type", "expect", "host", "transfer-encoding",
};

/// In the names of headers that hold keys.
constexpr std::string_view kKeyWords[] = {
    "auth", "cookie", "key", "password", "secret", "signature", "token",
};

std::string lowered(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return ngx_tolower(c); });
    return out;
}

bool isReserved(const std::string& name) {
    return std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved);
}

bool isForKeys(const std::string& name) {
    return std::any_of(std::begin(kKeyWords), std::end(kKeyWords),
                       [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

/// "Bearer env:NAME" would be sent as it stands.
bool holdsReference(std::string_view literal) {
    return literal.find(" env:") != std::string_view::npos ||
           literal.find(" file:") != std::string_view::npos;
}

/// What must not be seen of a value: endpoints may repeat it without its scheme.
std::string secretIn(const std::string& name, const std::string& value) {
    const bool hasScheme = name.find("authorization") != std::string::npos;
    const auto space = hasScheme ? value.find(' ') : std::string::npos;
    return space == std::string::npos ? value : value.substr(space + 1);
}

std::string judgeLiteral(ngx_conf_t* cf, std::string_view name, std::string_view value) {
    if (holdsReference(value)) {
        return "takes env:NAME or file:PATH alone, whose value is all that is sent, \"Bearer\" "
               "included";
    }
    if (isForKeys(lowered(name))) {
        warn(cf, "the literal \"header\" " + quoted(name) +
                     " can be read by whoever reads the configuration; use env:NAME or file:PATH");
    }
    return {};
}

void addMissing(AssistantDraft& draft, std::string_view name, std::string_view spec) {
    std::string& missing = draft.conf.missing;
    missing += (missing.empty() ? "" : "; ") + std::string("set header ") + quoted(name) +
               " in edgerun_assistant " + quoted(draft.conf.definition.name) + " (" +
               describeEmptySecret(spec) + ")";
}

}  // namespace

std::string readToolHeader(ngx_conf_t* cf, AssistantDraft& draft, const Arguments& a) {
    const std::string name = lowered(a[0]);
    if (isReserved(name)) {
        return quoted(a[0]) + " is edgerun's own to write";
    }
    auto read = readSecretArgument(cf, a[1]);
    if (const auto* problem = std::get_if<auth::SecretProblem>(&read)) {
        return problem->message;
    }
    const auto& secret = std::get<auth::Secret>(read);
    if (!secret.warning.empty()) {
        warn(cf, "\"header\": " + secret.warning);
    }
    const bool isBlank = secret.value.find_first_not_of(" \t") == std::string::npos;
    if (!secret.isLiteral && isBlank && isToken(a[0])) {
        addMissing(draft, a[0], a[1]);
        return {};
    }
    std::string fault = checkHeader(a[0], secret.value);
    if (fault.empty() && secret.isLiteral) {
        fault = judgeLiteral(cf, a[0], secret.value);
    }
    if (!secret.isLiteral || isForKeys(name)) {
        draft.secrets.push_back(secretIn(name, secret.value));
    }
    draft.headers.push_back(std::string(a[0]) + ": " + secret.value);
    return fault;
}

}  // namespace edgerun::nginx
