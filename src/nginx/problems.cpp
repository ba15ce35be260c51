#include "edgerun/nginx/problems.h"

namespace edgerun::nginx {

Place placeOf(const ngx_conf_t* cf) {
    if (cf->conf_file == nullptr || cf->conf_file->file.fd == NGX_INVALID_FILE) {
        return {"the command line", 0};
    }
    return {std::string(loop::view(cf->conf_file->file.name)), cf->conf_file->line};
}

void Problems::add(ngx_conf_t* cf, const std::string& message) {
    count_++;
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", message.c_str());
}

void Problems::add(ngx_conf_t* cf, const Place& place, const std::string& message) {
    if (!later_.insert(place.file + ":" + std::to_string(place.line) + " " + message).second) {
        return;
    }
    count_++;
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s in %s:%ui", message.c_str(), place.file.c_str(),
                  place.line);
}

void warn(ngx_conf_t* cf, const std::string& message) {
    ngx_conf_log_error(NGX_LOG_WARN, cf, 0, "%s", message.c_str());
}

void warn(ngx_conf_t* cf, const Place& place, const std::string& message) {
    ngx_log_error(NGX_LOG_WARN, cf->log, 0, "%s, in %s:%ui", message.c_str(), place.file.c_str(),
                  place.line);
}

}  // namespace edgerun::nginx
