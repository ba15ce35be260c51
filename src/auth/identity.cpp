#include "edgerun/auth/identity.h"

#include <algorithm>

#include "edgerun/text/ascii.h"
#include "edgerun/text/utf8.h"

namespace edgerun::auth {
namespace {

constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxElements = 256;

bool isPrintable(std::string_view text) {
    return !text::hasControlCharacter(text) && text::isValidUtf8(text);
}

bool hasBlanksAround(std::string_view text) {
    return !text.empty() && (text.front() == ' ' || text.back() == ' ');
}

bool append(std::vector<std::string>& list, std::string_view element) {
    if (!element.empty()) {
        list.emplace_back(element);
    }
    return element.size() <= kMaxNameBytes && list.size() <= kMaxElements;
}

bool addSplit(std::vector<std::string>& list, std::string_view text, char separator) {
    if (!isPrintable(text)) {
        return false;
    }
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(separator, at), text.size());
        if (!append(list, text::trimmed(text.substr(at, end - at), " "))) {
            return false;
        }
        at = end + 1;
    }
    return true;
}

bool contains(const std::vector<std::string>& list, const std::string& element) {
    return std::find(list.begin(), list.end(), element) != list.end();
}

}  // namespace

bool isUserName(std::string_view text) {
    return !text.empty() && text.size() <= kMaxNameBytes && !hasBlanksAround(text) &&
           isPrintable(text);
}

bool standsAlone(std::string_view text) {
    return text.find(',') == std::string_view::npos && !hasBlanksAround(text);
}

bool isElement(std::string_view text) {
    return isUserName(text) && standsAlone(text);
}

bool addSeparated(std::vector<std::string>& list, std::string_view text) {
    return addSplit(list, text, text.find(',') != std::string_view::npos ? ',' : ' ');
}

bool addCommaSeparated(std::vector<std::string>& list, std::string_view text) {
    return addSplit(list, text, ',');
}

bool addElement(std::vector<std::string>& list, std::string_view element) {
    if (isElement(element)) {
        return append(list, element);
    }
    return element.size() <= kMaxNameBytes && isPrintable(element);
}

std::string joinList(const std::vector<std::string>& list) {
    std::string joined;
    for (const std::string& element : list) {
        if (&element != &list.front()) {
            joined.push_back(',');
        }
        joined.append(element);
    }
    return joined;
}

bool hasAnyRole(const Identity& identity, const std::vector<std::string>& required) {
    return std::any_of(required.begin(), required.end(),
                       [&](const std::string& role) { return contains(identity.roles, role); });
}

std::string_view firstMissingModule(const Identity& identity,
                                    const std::vector<std::string>& required) {
    const auto missing = std::find_if(
        required.begin(), required.end(),
        [&](const std::string& module) { return !contains(identity.modules, module); });
    return missing == required.end() ? std::string_view() : std::string_view(*missing);
}

}  // namespace edgerun::auth
