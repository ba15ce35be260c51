#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/location_directive.h"
#include "edgerun/nginx/quotas.h"

namespace edgerun::nginx {

char* setUsage(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) noexcept {
    return setLocation(cf, cmd, conf, [cf](LocationConf& location, const auto&) -> std::string {
        auto* core = static_cast<ngx_http_core_loc_conf_t*>(
            ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
        if (location.showsUsage) {
            return "is duplicate";
        }
        if (core->noname) {
            return "belongs into a location, not into \"if\" or \"limit_except\"";
        }
        location.showsUsage = true;
        core->handler = usageHandler;
        mainConfOf(cf).usages.push_back({placeOf(cf), &location});
        return {};
    });
}

}  // namespace edgerun::nginx
