#pragma once

#include <cstdint>
#include <string>

#include "edgerun/nginx/job_calls.h"

namespace edgerun::nginx {

/// What the client would like, as far as it gets it.
struct Wishes {
    std::uint64_t wait = 0;  ///< ms, at most edgerun_max_wait; 0: not to be held
    bool isAsync = false;
};

/// Subrequests have none: they would hold their parent.
Wishes wishesOf(const JobCall& call);

/// Says in Preference-Applied that the request was held for up to that long. False for want of
/// memory.
bool addWaitApplied(ngx_http_request_t* r, std::uint64_t wait);
bool addAsyncApplied(ngx_http_request_t* r);

/// Is If-None-Match there, and satisfied by this version? (RFC 9110 section 13.1.2.)
enum class Known { Unsaid, Yes, No };
Known knownVersion(const ngx_http_request_t* r, std::uint64_t version);

}  // namespace edgerun::nginx
