#include "edgerun/nginx/key_source.h"

#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

KeySourcePage::KeySourcePage(ngx_shm_zone_t& zone)
    : lock_(zone), page_(reinterpret_cast<ngx_slab_pool_t*>(zone.shm.addr)->data, lock_) {}

std::string readKeySource(ngx_conf_t*, MainConf&, const std::vector<std::string_view>&,
                          std::size_t&) {
    return "is not available yet";
}

void completeKeySource(ngx_conf_t*, Problems&, KeySourceConf&) {}

}  // namespace edgerun::nginx
