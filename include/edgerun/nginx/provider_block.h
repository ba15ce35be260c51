#pragma once

#include <string>

#include "edgerun/auth/secret.h"
#include "edgerun/nginx/block.h"
#include "edgerun/nginx/conf.h"

/// The parts of edgerun_provider { }, each with its lines.
namespace edgerun::nginx {

/// How the provider is reached, until it can be put together.
struct ConnectionDraft {
    loop::Upstream& upstream;
    bool needsKey = true;
    std::string apiKeySpec{};  ///< empty for a literal
    auth::Secret apiKey{};
    std::string keyHeaderName = "Authorization";
    std::string keyHeaderPrefix = "Bearer ";
};

void takeConnection(Block& block, ConnectionDraft& draft);
/// Returns what the operator must set before jobs can run, or nothing.
std::string completeConnection(ngx_conf_t* cf, const Block& block, const std::string& provider,
                               ConnectionDraft& draft);

/// What its jobs are driven by.
void takeRunSettings(Block& block, engine::Provider& provider);
void completeRunSettings(ngx_conf_t* cf, const Block& block, engine::Provider& provider);

}  // namespace edgerun::nginx
