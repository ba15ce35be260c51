#pragma once

#include <string>
#include <string_view>

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/problems.h"

namespace edgerun::nginx {

/// Does the work of one setter of a location's directive: `function` gets the
/// LocationConf and the arguments, and returns what is wrong, or nothing.
template <typename Function>
char* setLocation(ngx_conf_t* cf, ngx_command_t* cmd, void* conf, Function&& function) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& location = *static_cast<LocationConf*>(conf);
        const std::string fault = function(location, argumentsOf(cf));
        if (!fault.empty()) {
            mainConfOf(cf).problems.add(cf, quoted(loop::view(cmd->name)) + " " + fault);
        }
        return NGX_CONF_OK;
    });
}

/// The one argument that turns off what is inherited.
inline bool isOff(const std::vector<std::string_view>& arguments) {
    return arguments.size() == 1 && arguments[0] == "off";
}

}  // namespace edgerun::nginx
