#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edgerun/auth/caller.h"
#include "edgerun/engine/remote_keys.h"
#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/api_error.h"

namespace edgerun::nginx {

struct Authentication;

enum class Credential {
    Unchecked,
    Absent,       ///< none was presented
    Several,      ///< more than one was presented
    Refused,      ///< it does not hold
    Pending,      ///< keys that may verify it are on their way
    Unavailable,  ///< there have never been keys to verify it
    Verified,
};

/// What we know of one request.
struct RequestContext {
    const ngx_http_request_t* request = nullptr;  ///< subrequests share its pool

    Credential credential = Credential::Unchecked;
    const Authentication* authentication = nullptr;  ///< for which that holds
    bool isBeingChecked = false;                     ///< a variable of it may ask for itself
    std::shared_ptr<const auth::Caller> caller;      ///< when verified

    std::optional<std::uint64_t> keysAskedAt;      ///< fetchNow(), at the first missing key
    std::vector<engine::RemoteKeys*> awaitedKeys;  ///< all that may bring it

    ngx_table_elt_t* challenge = nullptr;  ///< ours among the response's headers

    std::optional<ApiError> error;  ///< of our own making, in the present location
    std::string errorName;          ///< stays when an error_page takes over
    std::string errorBody;          ///< takes the place of NGINX's page
    bool replacesBody = false;

    std::string jobId;
    std::string_view jobStatus;   ///< static
    std::int64_t jobTokens = -1;  ///< -1: not known
};

/// The request's context, made at first use; null for want of memory.
RequestContext* contextOf(ngx_http_request_t* r);
/// Null if nothing has needed one in the present location.
RequestContext* existingContextOf(ngx_http_request_t* r);
/// Null if nothing has ever needed one.
RequestContext* knownContextOf(ngx_http_request_t* r);

}  // namespace edgerun::nginx
