#include "edgerun/nginx/preferences.h"

#include <algorithm>

#include "edgerun/nginx/request_headers.h"
#include "edgerun/nginx/response_headers.h"
#include "edgerun/text/ascii.h"
#include "edgerun/text/prefer.h"

namespace edgerun::nginx {

Wishes wishesOf(const JobCall& call) {
    if (call.r != call.r->main) {
        return {};
    }
    std::vector<std::string_view> headers;
    forEachHeader(call.r, "prefer", [&](std::string_view value) { headers.push_back(value); });
    const text::Preferences preferences = text::readPreferences(headers);
    const std::uint64_t most = call.location.maxWait.value_or(kDefaultMaxWait);
    return {std::min(preferences.wait.value_or(0) * 1000, most), preferences.respondAsync};
}

bool addWaitApplied(ngx_http_request_t* r, std::uint64_t wait) {
    const std::string seconds = std::to_string((wait + 999) / 1000);
    return addHeader(r, "Preference-Applied", "wait=" + seconds) != nullptr;
}

bool addAsyncApplied(ngx_http_request_t* r) {
    return addHeader(r, "Preference-Applied", "respond-async") != nullptr;
}

Known knownVersion(const ngx_http_request_t* r, std::uint64_t version) {
    if (r->headers_in.if_none_match == nullptr) {
        return Known::Unsaid;
    }
    const std::string wanted = '"' + std::to_string(version) + '"';
    std::string_view list = loop::view(r->headers_in.if_none_match->value);
    while (!list.empty()) {
        const auto comma = list.find(',');
        std::string_view tag = text::trimmed(list.substr(0, comma), " \t");
        if (tag.substr(0, 2) == "W/") {
            tag.remove_prefix(2);
        }
        if (tag == wanted || tag == "*") {
            return Known::Yes;
        }
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return Known::No;
}

}  // namespace edgerun::nginx
