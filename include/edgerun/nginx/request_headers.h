#pragma once

#include <strings.h>

#include <string_view>

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// As names of headers, schemes and media types are compared.
inline bool equalsIgnoringCase(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// Calls `visit` with the value of each request header of that name, in order.
template <typename Visit>
void forEachHeader(const ngx_http_request_t* r, std::string_view name, Visit&& visit) {
    for (const ngx_list_part_t* part = &r->headers_in.headers.part; part; part = part->next) {
        const auto* headers = static_cast<const ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (equalsIgnoringCase(loop::view(headers[i].key), name)) {
                visit(loop::view(headers[i].value));
            }
        }
    }
}

}  // namespace edgerun::nginx
