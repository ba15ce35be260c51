#include <algorithm>

#include "edgerun/nginx/dialect.h"
#include "edgerun/nginx/entry_values.h"
#include "edgerun/nginx/provider_block.h"

namespace edgerun::nginx {

namespace {

using engine::Provider;

// --- what runs its jobs ---

std::string readApi(ngx_conf_t*, Provider& provider, const Arguments& a) {
    for (const DialectRow& row : kDialects) {
        if (row.name == a[0]) {
            provider.machine = &row.machine();
            return {};
        }
    }
    return "knows assistants, responses and chat, not " + quoted(a[0]);
}

std::string readModelName(ngx_conf_t*, Provider& provider, const Arguments& a) {
    return readModel(a[0], provider.settings.model);
}

std::string readAssistant(ngx_conf_t*, Provider& provider, const Arguments& a) {
    if (!isPlainName(a[0])) {
        return "must be the name of an edgerun_assistant, or an assistant's id, for example "
               "asst_abc123: " +
               quoted(a[0]);
    }
    provider.assistant = a[0];
    return {};
}

// --- times ---

std::string readPollInterval(ngx_conf_t*, Provider& provider, const Arguments& a) {
    constexpr const char* kExample = "poll_interval 1200ms max=5s;";
    run::Settings& settings = provider.settings;
    std::string fault = readTime(a[0], 100, kExample, settings.pollInterval);
    settings.pollIntervalMax = std::max(settings.pollIntervalMax, settings.pollInterval);
    if (!fault.empty() || a.size() == 1) {
        return fault;
    }
    const NamedValue option = splitNamed(a[1]);
    if (option.name != "max" || !option.found) {
        return "takes \"max=TIME\" after the interval, not " + quoted(a[1]);
    }
    return readTime(option.value, settings.pollInterval, kExample, settings.pollIntervalMax);
}

std::string readRunTimeout(ngx_conf_t*, Provider& provider, const Arguments& a) {
    return readTime(a[0], 1, "run_timeout 90s;", provider.settings.runTimeout);
}

std::string readActionTimeout(ngx_conf_t*, Provider& provider, const Arguments& a) {
    return readTime(a[0], 1, "action_timeout 10m;", provider.settings.actionTimeout);
}

std::string readRequestTimeout(ngx_conf_t*, Provider& provider, const Arguments& a) {
    return readTime(a[0], 1, "request_timeout 30s;", provider.settings.requestTimeout);
}

std::string readStartGrace(ngx_conf_t*, Provider& provider, const Arguments& a) {
    return readTime(a[0], 0, "start_grace 5s;", provider.settings.lookupGrace);
}

// --- failures ---

std::string readRetries(ngx_conf_t*, Provider& provider, const Arguments& a) {
    std::uint64_t retries = provider.settings.retries;
    std::string fault = readNumber(a[0], {0, 20}, retries);
    provider.settings.retries = static_cast<unsigned>(retries);
    return fault;
}

std::string readMaxFails(ngx_conf_t*, Provider& provider, const Arguments& a) {
    std::uint64_t fails = provider.failurePolicy.maxFails;
    std::string fault = readNumber(a[0], {0, 100'000}, fails);
    provider.failurePolicy.maxFails = static_cast<std::uint32_t>(fails);
    return fault;
}

std::string readFailTimeout(ngx_conf_t*, Provider& provider, const Arguments& a) {
    return readTime(a[0], 1, "fail_timeout 10s;", provider.failurePolicy.failTimeout);
}

// --- threads and steps ---

std::string readKeepThreads(ngx_conf_t*, Provider& provider, const Arguments& a) {
    if (a[0] == "on" || a[0] == "off") {
        provider.settings.keepThreads = a[0] == "on" ? run::kKeepForever : 0;
        return {};
    }
    const auto time = parseTime(a[0]);
    if (!time || *time == 0) {
        return "must be \"on\", \"off\" or how long after its last job a thread is kept, for "
               "example \"keep_threads 1d;\": " +
               quoted(a[0]);
    }
    provider.settings.keepThreads = *time;
    return {};
}

std::string readMaxHistory(ngx_conf_t*, Provider& provider, const Arguments& a) {
    return readSize(a[0], {1024, 1U << 20}, "from 1k to 1m", provider.settings.maxHistory);
}

std::string readSteps(ngx_conf_t*, Provider& provider, const Arguments& a) {
    return readFlag(a[0], provider.settings.asksForSteps);
}

std::string readBackground(ngx_conf_t*, Provider& provider, const Arguments& a) {
    return readFlag(a[0], provider.settings.runsInBackground);
}

std::string readConversations(ngx_conf_t*, Provider& provider, const Arguments& a) {
    return readFlag(a[0], provider.settings.hasConversations);
}

constexpr std::array<BlockEntry<Provider>, 16> kEntries{{
    {"api", 1, 1, false, readApi},
    {"model", 1, 1, false, readModelName},
    {"assistant", 1, 1, false, readAssistant},
    {"poll_interval", 1, 2, false, readPollInterval},
    {"run_timeout", 1, 1, false, readRunTimeout},
    {"action_timeout", 1, 1, false, readActionTimeout},
    {"request_timeout", 1, 1, false, readRequestTimeout},
    {"start_grace", 1, 1, false, readStartGrace},
    {"retries", 1, 1, false, readRetries},
    {"max_fails", 1, 1, false, readMaxFails},
    {"fail_timeout", 1, 1, false, readFailTimeout},
    {"keep_threads", 1, 1, false, readKeepThreads},
    {"max_history", 1, 1, false, readMaxHistory},
    {"steps", 1, 1, false, readSteps},
    {"background", 1, 1, false, readBackground},
    {"conversations", 1, 1, false, readConversations},
}};

/// Entries that one dialect alone has a use for.
struct OwnEntry {
    std::string_view name;
    Dialect dialect;
};

constexpr OwnEntry kOwnEntries[] = {
    {"max_history", Dialect::Chat},
    {"steps", Dialect::Assistants},
    {"background", Dialect::Responses},
    {"conversations", Dialect::Responses},
};

std::string_view nameOf(Dialect dialect) {
    for (const DialectRow& row : kDialects) {
        if (row.dialect == dialect) {
            return row.name;
        }
    }
    return {};
}

void checkOwnEntries(ngx_conf_t* cf, const Block& block, const DialectRow& used) {
    for (const OwnEntry& entry : kOwnEntries) {
        const Place* place = block.placeOf(entry.name);
        if (place != nullptr && entry.dialect != used.dialect) {
            block.problems().add(cf, *place,
                                 quoted(entry.name) + " is for \"api " +
                                     std::string(nameOf(entry.dialect)) + "\"; \"api " +
                                     std::string(used.name) + "\" has no use for it");
        }
    }
}

}  // namespace

void takeRunSettings(Block& block, engine::Provider& provider) {
    provider.failurePolicy = {5, 10'000};
    block.take(kEntries, provider);
}

void completeRunSettings(ngx_conf_t* cf, const Block& block, engine::Provider& provider) {
    const DialectRow* dialect = dialectOf(provider.machine);
    if (dialect == nullptr) {
        block.problems().add(cf, "edgerun_provider " + quoted(provider.name) +
                                     " has no \"api\"; add \"api assistants;\", \"api "
                                     "responses;\" or \"api chat;\"");
        return;
    }
    for (auto& header : provider.machine->headers()) {
        provider.upstream.headers.push_back(std::move(header));
    }
    checkOwnEntries(cf, block, *dialect);
}

}  // namespace edgerun::nginx
