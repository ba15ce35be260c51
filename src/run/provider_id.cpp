#include "edgerun/run/provider_id.h"

#include "edgerun/text/json.h"

namespace edgerun::run {

bool isProviderId(std::string_view text) {
    constexpr std::string_view kBytes =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    return !text.empty() && ProviderId().assign(text) &&
           text.find_first_not_of(kBytes) == std::string_view::npos;
}

std::optional<ProviderId> idOf(const json_t* object) {
    const auto text = text::stringMember(object, "id");
    ProviderId id;
    if (!text || !isProviderId(*text) || !id.assign(*text)) {
        return std::nullopt;
    }
    return id;
}

}  // namespace edgerun::run
