#include <algorithm>

#include "edgerun/nginx/base_url.h"
#include "edgerun/nginx/entry_values.h"
#include "edgerun/nginx/provider_block.h"
#include "edgerun/nginx/secret_argument.h"

namespace edgerun::nginx {

namespace {

std::string readUrl(ngx_conf_t* cf, ConnectionDraft& draft, const Arguments& a) {
    if (auto fault = readBaseUrl(cf->temp_pool, a[0], draft.upstream)) {
        const bool mayHoldPassword = a[0].find('@') != std::string_view::npos;
        return *fault + (mayHoldPassword ? "" : ": " + quoted(a[0])) +
               "; write for example \"base_url https://api.openai.com/v1;\"";
    }
    return {};
}

// --- the key ---

std::string readApiKey(ngx_conf_t* cf, ConnectionDraft& draft, const Arguments& a) {
    if (a[0] == "off") {
        draft.needsKey = false;
        return {};
    }
    auto secret = readSecretArgument(cf, a[0]);
    if (const auto* problem = std::get_if<auth::SecretProblem>(&secret)) {
        return problem->message;
    }
    draft.apiKeySpec = std::get<auth::Secret>(secret).isLiteral ? "" : std::string(a[0]);
    draft.apiKey = std::move(std::get<auth::Secret>(secret));
    if (!draft.apiKey.warning.empty()) {
        warn(cf, "\"api_key\": " + draft.apiKey.warning);
    }
    if (!isPrintable(draft.apiKey.value)) {
        return "holds control characters, which no header may";
    }
    return {};
}

std::string readKeyHeader(ngx_conf_t*, ConnectionDraft& draft, const Arguments& a) {
    const auto colon = a[0].find(':');
    if (colon == std::string_view::npos || !isToken(a[0].substr(0, colon)) || !isPrintable(a[0])) {
        return "must be a header's name, a colon and what stands before the key; write for example "
               "\"api_key_header \"Authorization: Bearer\";\"";
    }
    std::string_view prefix = a[0].substr(colon + 1);
    while (!prefix.empty() && prefix.front() == ' ') {
        prefix.remove_prefix(1);
    }
    draft.keyHeaderName = a[0].substr(0, colon);
    draft.keyHeaderPrefix = prefix.empty() ? std::string() : std::string(prefix) + " ";
    return {};
}

// --- what goes with every call ---

std::string readQuery(ngx_conf_t*, ConnectionDraft& draft, const Arguments& a) {
    const bool plain = std::all_of(a[0].begin(), a[0].end(),
                                   [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
    if (!plain || a[0].find('=') == std::string_view::npos || a[0].front() == '?') {
        return "must be name=value, escaped as in a URL";
    }
    std::string& query = draft.upstream.query;
    query += (query.empty() ? "" : "&") + std::string(a[0]);
    return {};
}

std::string addHeader(ConnectionDraft& draft, std::string_view name, std::string_view value) {
    std::string fault = checkHeader(name, value);
    if (fault.empty()) {
        draft.upstream.headers.push_back(std::string(name) + ": " + std::string(value));
    }
    return fault;
}

std::string readHeader(ngx_conf_t*, ConnectionDraft& draft, const Arguments& a) {
    return addHeader(draft, a[0], a[1]);
}

std::string readOrganization(ngx_conf_t*, ConnectionDraft& draft, const Arguments& a) {
    return addHeader(draft, "OpenAI-Organization", a[0]);
}

std::string readProject(ngx_conf_t*, ConnectionDraft& draft, const Arguments& a) {
    return addHeader(draft, "OpenAI-Project", a[0]);
}

// --- transfers ---

std::string readConnectTimeout(ngx_conf_t*, ConnectionDraft& draft, const Arguments& a) {
    return readTime(a[0], 1, "connect_timeout 5s;", draft.upstream.connectTimeout);
}

std::string readMaxTransfers(ngx_conf_t*, ConnectionDraft& draft, const Arguments& a) {
    std::uint64_t most = draft.upstream.maxTransfers;
    std::string fault = readNumber(a[0], {1, 65'536}, most);
    draft.upstream.maxTransfers = static_cast<std::size_t>(most);
    return fault;
}

std::string readMaxResponse(ngx_conf_t*, ConnectionDraft& draft, const Arguments& a) {
    return readSize(a[0], {4096, 1U << 30}, "from 4k to 1024m", draft.upstream.maxResponse);
}

// --- TLS ---

std::string readCertificates(ngx_conf_t* cf, ConnectionDraft& draft, const Arguments& a) {
    return readCertificateFile(cf, a[0], draft.upstream.trustedCertificates);
}

std::string readVerify(ngx_conf_t*, ConnectionDraft& draft, const Arguments& a) {
    return readFlag(a[0], draft.upstream.verify);
}

std::string readTlsName(ngx_conf_t*, ConnectionDraft& draft, const Arguments& a) {
    if (!isPlainName(a[0])) {
        return "must be a host name: " + quoted(a[0]);
    }
    draft.upstream.tlsName = a[0];
    return {};
}

constexpr std::array<BlockEntry<ConnectionDraft>, 13> kEntries{{
    {"base_url", 1, 1, false, readUrl},
    {"api_key", 1, 1, false, readApiKey},
    {"api_key_header", 1, 1, false, readKeyHeader},
    {"query", 1, 1, true, readQuery},
    {"header", 2, 2, true, readHeader},
    {"organization", 1, 1, false, readOrganization},
    {"project", 1, 1, false, readProject},
    {"connect_timeout", 1, 1, false, readConnectTimeout},
    {"max_transfers", 1, 1, false, readMaxTransfers},
    {"max_response", 1, 1, false, readMaxResponse},
    {"ssl_trusted_certificate", 1, 1, false, readCertificates},
    {"ssl_verify", 1, 1, false, readVerify},
    {"ssl_name", 1, 1, false, readTlsName},
}};

// --- the whole ---

std::string describeMissingKey(const std::string& provider, const ConnectionDraft& draft) {
    const std::string where = " in edgerun_provider " + quoted(provider);
    if (draft.apiKeySpec.empty()) {
        return "set api_key" + where;
    }
    return "set api_key" + where + " (" + describeEmptySecret(draft.apiKeySpec) + ")";
}

void checkLiteralKey(ngx_conf_t* cf, Problems& problems, const std::string& provider,
                     const ConnectionDraft& draft) {
    warn(cf, "the literal \"api_key\" of edgerun_provider " + quoted(provider) +
                 " can be read by whoever reads the configuration; use env:NAME or file:PATH");
    if (draft.upstream.host == "api.openai.com" && draft.apiKey.value.rfind("sk-", 0) != 0) {
        problems.add(cf, "\"api_key\" for api.openai.com must begin with \"sk-\"");
    }
}

}  // namespace

void takeConnection(Block& block, ConnectionDraft& draft) {
    block.take(kEntries, draft);
}

std::string completeConnection(ngx_conf_t* cf, const Block& block, const std::string& provider,
                               ConnectionDraft& draft) {
    if (block.placeOf("base_url") == nullptr) {
        readBaseUrl(cf->temp_pool, "https://api.openai.com/v1", draft.upstream);
    }
    if (!draft.needsKey) {
        return {};
    }
    if (draft.apiKey.value.empty()) {
        return describeMissingKey(provider, draft);
    }
    if (draft.apiKey.isLiteral) {
        checkLiteralKey(cf, block.problems(), provider, draft);
    }
    draft.upstream.headers.push_back(draft.keyHeaderName + ": " + draft.keyHeaderPrefix +
                                     draft.apiKey.value);
    draft.upstream.secrets.push_back(draft.apiKey.value);
    return {};
}

}  // namespace edgerun::nginx
