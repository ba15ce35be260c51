#include "edgerun/nginx/provider_zone.h"

#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

namespace {

ngx_int_t initZone(ngx_shm_zone_t* zone, void* former) noexcept {
    if (former != nullptr || zone->shm.exists) {
        return NGX_OK;
    }
    ngx_slab_pool_t* pool = poolOf(*zone);
    pool->data = ngx_slab_calloc(pool, store::ProviderPage::kBytes);
    return pool->data != nullptr ? NGX_OK : NGX_ERROR;  // NGINX has said why
}

}  // namespace

ngx_shm_zone_t* addProviderZone(ngx_conf_t* cf, MainConf& main) {
    ngx_str_t name = ngx_string("edgerun:providers");  // with a colon: no zone= is called so
    const std::size_t size =
        ngx_align(store::ProviderPage::kBytes, ngx_pagesize) + kPagesBesideThePage * ngx_pagesize;
    ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &name, size, &ngx_http_edgerun_module);
    if (zone != nullptr) {
        zone->init = initZone;
        zone->data = &main;  // not null: so the next configuration sees that there was one
    }
    return zone;
}

ProviderZonePage::ProviderZonePage(ngx_shm_zone_t& zone)
    : lock_(zone), page_(poolOf(zone)->data, lock_) {}

}  // namespace edgerun::nginx
