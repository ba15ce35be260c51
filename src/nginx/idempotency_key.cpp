#include "edgerun/nginx/idempotency_key.h"

#include "edgerun/nginx/request_headers.h"

namespace edgerun::nginx {

ngx_int_t readIdempotencyKey(const JobCall& call, const store::KeyedRequest& request,
                             store::IdempotencyKey& key) {
    unsigned count = 0;
    std::string_view header;
    forEachHeader(call.r, "idempotency-key", [&](std::string_view value) {
        header = value;
        count++;
    });
    if (count == 0) {
        return NGX_OK;
    }
    const auto text = count == 1 ? store::parseIdempotencyKey(header) : std::nullopt;
    if (!text) {
        return refuse(call.r, NGX_HTTP_BAD_REQUEST,
                      "\"Idempotency-Key\" must be one key of 1 to 255 visible characters, in "
                      "quotes or not");
    }
    const auto digests = store::idempotencyKeyOf(call.owner, *text, request);
    if (!digests) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    key = *digests;
    return NGX_OK;
}

}  // namespace edgerun::nginx
