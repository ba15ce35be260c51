#pragma once

#include "edgerun/loop/ngx.h"

/// Setters of the directives, as ngx_command_t takes them. Mistakes go to
/// MainConf::problems; what they return is NGX_CONF_OK unless NGINX itself
/// refused something.
namespace edgerun::nginx {

char* setProvider(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setAssistant(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setJobZone(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;

char* setAuthJwt(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setAuthJwtSecret(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setAuthJwtKeyFile(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setAuthJwtJwksUri(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setAuthApiKeys(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setAuthIdentity(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setUsers(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;

char* setAuthJwtAlgorithms(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setAuthJwtIssuer(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setAuthJwtAudience(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setAuthJwtLeeway(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setAuthJwtClaims(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setAuthChallenge(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setRequireRole(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setRequireModule(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setErrorFormat(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;

char* setJobs(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setMaxQuery(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setMaxWait(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setMaxRunning(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setStartGuarantee(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;

char* setSanitize(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;

char* setKnowledgeBase(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setKnowledge(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setKnowledgeSearch(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setKnowledgeArticles(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;

char* setQuotaZone(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setQuota(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;
char* setUsage(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept;

}  // namespace edgerun::nginx
