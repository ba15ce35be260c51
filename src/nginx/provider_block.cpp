#include <algorithm>
#include <array>

#include "edgerun/engine/stable_hash.h"
#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/base_url.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/secret_argument.h"

namespace edgerun::nginx {

namespace {

/// What is read inside one block, until it can be put together.
struct ProviderDraft {
    ProviderConf& conf;
    Problems& problems;
    std::vector<std::string_view> seen{};  // names of directives that may stand once
    std::string apiKeySpec{};
    auth::Secret apiKey{};
    std::string keyHeaderName = "Authorization";
    std::string keyHeaderPrefix = "Bearer ";
};

using Arguments = std::vector<std::string_view>;

/// A message that says what is wrong and what to write instead, or empty.
using Read = std::string (*)(ngx_conf_t* cf, ProviderDraft& draft, const Arguments& arguments);

bool isToken(std::string_view text) {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               kOthers.find(c) != std::string_view::npos;
    });
}

std::string readTime(std::string_view text, std::uint64_t least, std::uint64_t& value,
                     const char* example) {
    const auto ms = parseTime(text);
    if (!ms || *ms < least) {
        return "is no usable time: " + quoted(text) + "; write for example \"" + example + ";\"";
    }
    value = *ms;
    return {};
}

std::string readApi(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    if (a[0] != "assistants") {
        return "knows \"assistants\" only, not " + quoted(a[0]);
    }
    draft.conf.provider.machine = &run::assistantsMachine();
    return {};
}

std::string readUrl(ngx_conf_t* cf, ProviderDraft& draft, const Arguments& a) {
    if (auto fault = readBaseUrl(cf->temp_pool, a[0], draft.conf.provider.upstream)) {
        const bool mayHoldPassword = a[0].find('@') != std::string_view::npos;
        return *fault + (mayHoldPassword ? "" : ": " + quoted(a[0])) +
               "; write for example \"base_url https://api.openai.com/v1;\"";
    }
    return {};
}

std::string readApiKey(ngx_conf_t* cf, ProviderDraft& draft, const Arguments& a) {
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

std::string readKeyHeader(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
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

std::string readQuery(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    const bool plain = std::all_of(a[0].begin(), a[0].end(),
                                   [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
    if (!plain || a[0].find('=') == std::string_view::npos || a[0].front() == '?') {
        return "must be name=value, escaped as in a URL";
    }
    std::string& query = draft.conf.provider.upstream.query;
    query += (query.empty() ? "" : "&") + std::string(a[0]);
    return {};
}

std::string addHeader(ProviderDraft& draft, std::string_view name, std::string_view value) {
    if (!isToken(name) || !isPrintable(value) || value.empty()) {
        return "must be a header's name and a value without control characters";
    }
    draft.conf.provider.upstream.headers.push_back(std::string(name) + ": " + std::string(value));
    return {};
}

std::string readHeader(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    return addHeader(draft, a[0], a[1]);
}

std::string readOrganization(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    return addHeader(draft, "OpenAI-Organization", a[0]);
}

std::string readProject(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    return addHeader(draft, "OpenAI-Project", a[0]);
}

std::string readAssistant(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    if (!isPlainName(a[0])) {
        return "must be an assistant's id, for example asst_abc123: " + quoted(a[0]);
    }
    draft.conf.provider.assistant = a[0];
    return {};
}

std::string readPollInterval(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    run::Settings& settings = draft.conf.provider.settings;
    std::string fault = readTime(a[0], 100, settings.pollInterval, "poll_interval 1200ms max=5s");
    settings.pollIntervalMax = std::max(settings.pollIntervalMax, settings.pollInterval);
    if (!fault.empty() || a.size() == 1) {
        return fault;
    }
    const NamedValue option = splitNamed(a[1]);
    if (option.name != "max" || !option.found) {
        return "takes \"max=TIME\" after the interval, not " + quoted(a[1]);
    }
    return readTime(option.value, settings.pollInterval, settings.pollIntervalMax,
                    "poll_interval 1200ms max=5s");
}

std::string readRunTimeout(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    return readTime(a[0], 1, draft.conf.provider.settings.runTimeout, "run_timeout 90s");
}

std::string readConnectTimeout(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    return readTime(a[0], 1, draft.conf.provider.upstream.connectTimeout, "connect_timeout 5s");
}

std::string readRequestTimeout(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    return readTime(a[0], 1, draft.conf.provider.settings.requestTimeout, "request_timeout 30s");
}

std::string readStartGrace(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    return readTime(a[0], 0, draft.conf.provider.settings.lookupGrace, "start_grace 5s");
}

std::string readRetries(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    const auto number = parseNumber(a[0]);
    if (!number || *number > 20) {
        return "must be a number from 0 to 20: " + quoted(a[0]);
    }
    draft.conf.provider.settings.retries = static_cast<unsigned>(*number);
    return {};
}

std::string readMaxTransfers(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    const auto number = parseNumber(a[0]);
    if (!number || *number < 1 || *number > 65'536) {
        return "must be a number from 1 to 65536: " + quoted(a[0]);
    }
    draft.conf.provider.upstream.maxTransfers = *number;
    return {};
}

std::string readMaxResponse(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    const auto bytes = parseSize(a[0]);
    if (!bytes || *bytes < 4096 || *bytes > (1U << 30)) {
        return "must be a size from 4k to 1024m: " + quoted(a[0]);
    }
    draft.conf.provider.upstream.maxResponse = *bytes;
    return {};
}

std::string readFlag(std::string_view text, bool& value) {
    if (text != "on" && text != "off") {
        return "must be \"on\" or \"off\": " + quoted(text);
    }
    value = text == "on";
    return {};
}

std::string readCertificates(ngx_conf_t* cf, ProviderDraft& draft, const Arguments& a) {
    ngx_str_t file = loop::asNgx(a[0]);
    if (ngx_conf_full_name(cf->cycle, &file, 1) != NGX_OK) {
        return "is no usable file name: " + quoted(a[0]);
    }
    const std::string path(loop::view(file));
    if (access(path.c_str(), R_OK) != 0) {
        return "cannot be read: " + quoted(path);
    }
    draft.conf.provider.upstream.trustedCertificates = path;
    return {};
}

std::string readVerify(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    return readFlag(a[0], draft.conf.provider.upstream.verify);
}

std::string readTlsName(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    if (!isPlainName(a[0])) {
        return "must be a host name: " + quoted(a[0]);
    }
    draft.conf.provider.upstream.tlsName = a[0];
    return {};
}

std::string readKeepThreads(ngx_conf_t*, ProviderDraft& draft, const Arguments& a) {
    return readFlag(a[0], draft.conf.provider.settings.keepThreads);
}

struct Entry {
    std::string_view name;
    std::size_t least;  // arguments
    std::size_t most;
    bool repeatable;
    Read read;
};

constexpr std::array<Entry, 21> kEntries{{
    {"api", 1, 1, false, readApi},
    {"base_url", 1, 1, false, readUrl},
    {"api_key", 1, 1, false, readApiKey},
    {"api_key_header", 1, 1, false, readKeyHeader},
    {"query", 1, 1, true, readQuery},
    {"header", 2, 2, true, readHeader},
    {"organization", 1, 1, false, readOrganization},
    {"project", 1, 1, false, readProject},
    {"assistant", 1, 1, false, readAssistant},
    {"poll_interval", 1, 2, false, readPollInterval},
    {"run_timeout", 1, 1, false, readRunTimeout},
    {"connect_timeout", 1, 1, false, readConnectTimeout},
    {"request_timeout", 1, 1, false, readRequestTimeout},
    {"start_grace", 1, 1, false, readStartGrace},
    {"retries", 1, 1, false, readRetries},
    {"max_transfers", 1, 1, false, readMaxTransfers},
    {"max_response", 1, 1, false, readMaxResponse},
    {"ssl_trusted_certificate", 1, 1, false, readCertificates},
    {"ssl_verify", 1, 1, false, readVerify},
    {"ssl_name", 1, 1, false, readTlsName},
    {"keep_threads", 1, 1, false, readKeepThreads},
}};

const Entry* entryNamed(std::string_view name) {
    for (const auto& entry : kEntries) {
        if (entry.name == name) {
            return &entry;
        }
    }
    return nullptr;
}

std::string unknownName(std::string_view name) {
    std::vector<std::string_view> names;
    names.reserve(kEntries.size());
    for (const auto& entry : kEntries) {
        names.push_back(entry.name);
    }
    const auto near = nearest(name, names);
    return "unknown directive " + quoted(name) + " in \"edgerun_provider\"" +
           (near.empty() ? "" : "; did you mean " + quoted(near) + "?");
}

void readLine(ngx_conf_t* cf, ProviderDraft& draft) {
    const std::string_view name = loop::view(*static_cast<ngx_str_t*>(cf->args->elts));
    const Entry* entry = entryNamed(name);
    if (entry == nullptr) {
        draft.problems.add(cf, unknownName(name));
        return;
    }
    const Arguments arguments = argumentsOf(cf);
    if (arguments.size() < entry->least || arguments.size() > entry->most) {
        draft.problems.add(cf, "invalid number of arguments in " + quoted(name));
        return;
    }
    const bool again = std::find(draft.seen.begin(), draft.seen.end(), name) != draft.seen.end();
    if (again && !entry->repeatable) {
        draft.problems.add(cf, quoted(name) + " is duplicate");
        return;
    }
    draft.seen.push_back(entry->name);
    const std::string fault = entry->read(cf, draft, arguments);
    if (!fault.empty()) {
        draft.problems.add(cf, quoted(name) + " " + fault);
    }
}

char* onLine(ngx_conf_t* cf, ngx_command_t*, void* draft) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        readLine(cf, *static_cast<ProviderDraft*>(draft));
        return NGX_CONF_OK;
    });
}

std::string describeMissingKey(const ProviderDraft& draft) {
    const std::string where = " in edgerun_provider " + quoted(draft.conf.provider.name);
    if (draft.apiKeySpec.empty()) {
        return "set api_key" + where;
    }
    // Clients read this: a file's path is for the operator alone.
    const bool isFile = draft.apiKeySpec.rfind("file:", 0) == 0;
    return "set api_key" + where + " (" + (isFile ? "its file" : draft.apiKeySpec) +
           " is unset or empty)";
}

void completeKey(ngx_conf_t* cf, ProviderDraft& draft) {
    engine::Provider& provider = draft.conf.provider;
    if (draft.apiKey.value.empty()) {
        provider.missing = describeMissingKey(draft);
        return;
    }
    if (draft.apiKey.isLiteral) {
        warn(cf, "the literal \"api_key\" of edgerun_provider " + quoted(provider.name) +
                     " can be read by whoever reads the configuration; use env:NAME or file:PATH");
        if (provider.upstream.host == "api.openai.com" && draft.apiKey.value.rfind("sk-", 0) != 0) {
            draft.problems.add(cf, "\"api_key\" for api.openai.com must begin with \"sk-\"");
        }
    }
    provider.upstream.headers.push_back(draft.keyHeaderName + ": " + draft.keyHeaderPrefix +
                                        draft.apiKey.value);
    provider.upstream.secret = draft.apiKey.value;
}

void completeDraft(ngx_conf_t* cf, ProviderDraft& draft) {
    engine::Provider& provider = draft.conf.provider;
    if (provider.machine == nullptr) {
        draft.problems.add(cf, "edgerun_provider " + quoted(provider.name) +
                                   " has no \"api\"; add \"api assistants;\"");
    } else {
        for (auto& header : provider.machine->headers()) {
            provider.upstream.headers.push_back(std::move(header));
        }
    }
    if (provider.upstream.scheme.empty()) {
        const bool tried =
            std::find(draft.seen.begin(), draft.seen.end(), "base_url") != draft.seen.end();
        if (!tried) {
            readBaseUrl(cf->temp_pool, "https://api.openai.com/v1", provider.upstream);
        }
    }
    completeKey(cf, draft);
}

/// Parses the block's lines with our own handler.
char* parseBlock(ngx_conf_t* cf, ProviderDraft& draft) {
    ngx_conf_t saved = *cf;
    cf->handler = onLine;
    cf->handler_conf = &draft;
    char* result = ngx_conf_parse(cf, nullptr);
    *cf = saved;
    return result;
}

}  // namespace

char* setProvider(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& main = *static_cast<MainConf*>(conf);
        const std::string name(argumentsOf(cf)[0]);
        if (main.providerNamed(name) != nullptr) {
            main.problems.add(cf, "edgerun_provider " + quoted(name) + " is duplicate");
        }

        auto provider = std::make_unique<ProviderConf>();
        provider->place = placeOf(cf);
        provider->provider.name = name;
        provider->provider.key = engine::stableHash(name);
        provider->provider.upstream.name = name;

        ProviderDraft draft{*provider, main.problems};
        char* result = parseBlock(cf, draft);
        if (result != NGX_CONF_OK) {
            return result;
        }
        completeDraft(cf, draft);
        main.providers.push_back(std::move(provider));
        return NGX_CONF_OK;
    });
}

}  // namespace edgerun::nginx
