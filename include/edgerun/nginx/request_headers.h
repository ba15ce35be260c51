#pragma once

#include <string_view>

#include "edgerun/loop/ngx.h"
#include "edgerun/text/ascii.h"

namespace edgerun::nginx {

/// Calls `visit` with the value of each request header of that name, in order.
template <typename Visit>
void forEachHeader(const ngx_http_request_t* r, std::string_view name, Visit&& visit) {
    for (const ngx_list_part_t* part = &r->headers_in.headers.part; part; part = part->next) {
        const auto* headers = static_cast<const ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (text::equalsIgnoringCase(loop::view(headers[i].key), name)) {
                visit(loop::view(headers[i].value));
            }
        }
    }
}

}  // namespace edgerun::nginx
