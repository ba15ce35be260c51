#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/gate.h"
#include "edgerun/nginx/variables.h"
#include "edgerun/nginx/worker.h"

namespace edgerun::nginx {

namespace {

constexpr ngx_uint_t kHttp = NGX_HTTP_MAIN_CONF;
constexpr ngx_uint_t kGate = NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF |
                             NGX_HTTP_LIF_CONF | NGX_HTTP_LMT_CONF;
// In "if" and "limit_except" it is refused, with the other mistakes.
constexpr ngx_uint_t kJobs = NGX_HTTP_LOC_CONF | NGX_HTTP_LIF_CONF | NGX_HTTP_LMT_CONF;
constexpr ngx_uint_t kJobOptions = NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF;

ngx_command_t commands[] = {
    {ngx_string("edgerun_provider"), kHttp | NGX_CONF_BLOCK | NGX_CONF_TAKE1, setProvider,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_assistant"), kHttp | NGX_CONF_BLOCK | NGX_CONF_TAKE1, setAssistant,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_job_zone"), kHttp | NGX_CONF_1MORE, setJobZone, NGX_HTTP_MAIN_CONF_OFFSET,
     0, nullptr},

    {ngx_string("edgerun_users"), kHttp | NGX_CONF_TAKE1, setUsers, NGX_HTTP_MAIN_CONF_OFFSET, 0,
     nullptr},

    {ngx_string("edgerun_auth_jwt"), kGate | NGX_CONF_TAKE12, setAuthJwt, NGX_HTTP_LOC_CONF_OFFSET,
     0, nullptr},

    {ngx_string("edgerun_auth_jwt_secret"), kGate | NGX_CONF_TAKE1, setAuthJwtSecret,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_auth_jwt_key_file"), kGate | NGX_CONF_TAKE1, setAuthJwtKeyFile,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_auth_jwt_jwks_uri"), kGate | NGX_CONF_1MORE, setAuthJwtJwksUri,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_auth_jwt_algorithms"), kGate | NGX_CONF_1MORE, setAuthJwtAlgorithms,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_auth_jwt_issuer"), kGate | NGX_CONF_1MORE, setAuthJwtIssuer,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_auth_jwt_audience"), kGate | NGX_CONF_1MORE, setAuthJwtAudience,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_auth_jwt_leeway"), kGate | NGX_CONF_TAKE1, setAuthJwtLeeway,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_auth_jwt_claims"), kGate | NGX_CONF_1MORE, setAuthJwtClaims,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_auth_api_keys"), kGate | NGX_CONF_TAKE1, setAuthApiKeys,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_auth_identity"), kGate | NGX_CONF_1MORE, setAuthIdentity,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_auth_challenge"), kGate | NGX_CONF_TAKE1, setAuthChallenge,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_require_role"), kGate | NGX_CONF_1MORE, setRequireRole,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_require_module"), kGate | NGX_CONF_1MORE, setRequireModule,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_error_format"), kGate | NGX_CONF_TAKE1, setErrorFormat,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_jobs"), kJobs | NGX_CONF_1MORE, setJobs, NGX_HTTP_LOC_CONF_OFFSET, 0,
     nullptr},

    {ngx_string("edgerun_max_query"), kJobOptions | NGX_CONF_TAKE1, setMaxQuery,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_max_wait"), kJobOptions | NGX_CONF_TAKE1, setMaxWait,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_max_running"), kJobOptions | NGX_CONF_TAKE1, setMaxRunning,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_start_guarantee"), kJobOptions | NGX_CONF_TAKE1, setStartGuarantee,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_sanitize"), kJobOptions | NGX_CONF_TAKE1, setSanitize,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_knowledge_base"), NGX_HTTP_MAIN_CONF | NGX_CONF_2MORE, setKnowledgeBase,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_knowledge"), kJobOptions | NGX_CONF_1MORE, setKnowledge,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_knowledge_search"), kJobs | NGX_CONF_TAKE1, setKnowledgeSearch,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_knowledge_articles"), kJobs | NGX_CONF_TAKE1, setKnowledgeArticles,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_quota_zone"), NGX_HTTP_MAIN_CONF | NGX_CONF_1MORE, setQuotaZone,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},

    {ngx_string("edgerun_quota"), kJobOptions | NGX_CONF_1MORE, setQuota, NGX_HTTP_LOC_CONF_OFFSET,
     0, nullptr},

    {ngx_string("edgerun_usage"), kJobs | NGX_CONF_NOARGS, setUsage, NGX_HTTP_LOC_CONF_OFFSET, 0,
     nullptr},

    ngx_null_command,
};

ngx_int_t addGate(ngx_conf_t* cf) {
    auto* core = static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    auto* handler = static_cast<ngx_http_handler_pt*>(
        ngx_array_push(&core->phases[NGX_HTTP_ACCESS_PHASE].handlers));
    if (handler == nullptr) {
        return NGX_ERROR;
    }
    *handler = gateHandler;
    return NGX_OK;
}

ngx_int_t finishConf(ngx_conf_t* cf) noexcept {
    return contain<ngx_int_t>(cf->log, NGX_ERROR, [cf]() -> ngx_int_t {
        MainConf& conf = mainConfOf(cf);
        completeConf(cf, conf);
        if (conf.problems.count() > 0) {
            return NGX_ERROR;
        }
        return addGate(cf);
    });
}

ngx_http_module_t context = {
    addVariables,  // preconfiguration
    finishConf,    // postconfiguration
    createMainConf,
    nullptr,  // init main
    nullptr,  // create server
    nullptr,  // merge server
    createLocationConf,
    mergeLocationConf,
};

}  // namespace

}  // namespace edgerun::nginx

ngx_module_t ngx_http_edgerun_module = {
    NGX_MODULE_V1,
    &edgerun::nginx::context,
    edgerun::nginx::commands,
    NGX_HTTP_MODULE,
    nullptr,  // init master
    edgerun::nginx::initModule,
    edgerun::nginx::initProcess,
    nullptr,  // init thread
    nullptr,  // exit thread
    edgerun::nginx::exitProcess,
    nullptr,  // exit master
    NGX_MODULE_V1_PADDING,
};
