#pragma once

/// The only place where NGINX's headers come in.
extern "C" {
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
}

#include <string_view>

namespace edgerun::loop {

inline std::string_view view(const ngx_str_t& text) {
    return {reinterpret_cast<const char*>(text.data), text.len};
}

/// For NGINX's functions that read a string and do not say so.
inline ngx_str_t asNgx(std::string_view text) {
    return {text.size(), reinterpret_cast<u_char*>(const_cast<char*>(text.data()))};
}

/// In the pool, with a NUL behind it; null data for want of memory.
inline ngx_str_t copyTo(ngx_pool_t* pool, std::string_view text) {
    auto* bytes = static_cast<u_char*>(ngx_pnalloc(pool, text.size() + 1));
    if (bytes == nullptr) {
        return ngx_null_string;
    }
    *ngx_cpymem(bytes, text.data(), text.size()) = '\0';
    return {text.size(), bytes};
}

}  // namespace edgerun::loop
