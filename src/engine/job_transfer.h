#pragma once

#include <algorithm>
#include <utility>

#include "edgerun/loop/http_client.h"
#include "edgerun/run/machine.h"

namespace edgerun::engine {

/// A machine's call, as the HTTP client takes it.
inline loop::TransferRequest transferOf(run::Call call) {
    loop::TransferRequest request;
    request.method = call.method == run::Method::Get    ? loop::HttpMethod::Get
                     : call.method == run::Method::Post ? loop::HttpMethod::Post
                                                        : loop::HttpMethod::Delete;
    request.path = std::move(call.path);
    request.body = std::move(call.body);
    request.timeout = std::max<std::uint64_t>(call.timeout, 1);
    request.once = call.once;
    return request;
}

}  // namespace edgerun::engine
