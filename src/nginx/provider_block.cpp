#include "edgerun/nginx/provider_block.h"

#include "edgerun/engine/stable_hash.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/dialect.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/provider_zone.h"

namespace edgerun::nginx {

namespace {

std::unique_ptr<ProviderConf> makeProvider(const ngx_conf_t* cf, const std::string& name) {
    auto conf = std::make_unique<ProviderConf>();
    conf->place = placeOf(cf);
    conf->provider.name = name;
    conf->provider.upstream.name = name;
    return conf;
}

/// A job goes on only in the dialect that it began in: another one would misread its record.
std::uint64_t keyOf(const engine::Provider& provider) {
    const DialectRow* row = dialectOf(provider.machine);
    const bool isFirst = row == nullptr || row->dialect == Dialect::Assistants;
    return engine::stableHash(isFirst ? provider.name
                                      : provider.name + '\n' + std::string(row->name));
}

/// NGX_CONF_OK unless NGINX itself refused something.
char* readProvider(ngx_conf_t* cf, Problems& problems, ProviderConf& conf) {
    engine::Provider& provider = conf.provider;
    ConnectionDraft connection{provider.upstream};
    Block block("edgerun_provider", problems);
    takeConnection(block, connection);
    takeRunSettings(block, provider);
    char* result = block.read(cf);
    if (result != NGX_CONF_OK) {
        return result;
    }
    completeRunSettings(cf, block, provider);
    provider.key = keyOf(provider);
    provider.missing = completeConnection(cf, block, provider.name, connection);
    if (const Place* place = block.placeOf("assistant")) {
        conf.assistantPlace = *place;
    }
    return NGX_CONF_OK;
}

}  // namespace

char* setProvider(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& main = *static_cast<MainConf*>(conf);
        const std::string name(argumentsOf(cf)[0]);
        if (main.providerNamed(name) != nullptr) {
            main.problems.add(cf, "edgerun_provider " + quoted(name) + " is duplicate");
        }
        auto provider = makeProvider(cf, name);
        char* result = readProvider(cf, main.problems, *provider);
        if (result != NGX_CONF_OK) {
            return result;
        }
        main.providers.push_back(std::move(provider));
        if (main.providerZone == nullptr) {
            main.providerZone = addProviderZone(cf, main);
        }
        return main.providerZone != nullptr ? NGX_CONF_OK : confFailure();
    });
}

}  // namespace edgerun::nginx
