#include "poll_requests.h"

#include <fstream>

namespace jobload {

std::vector<std::string> pollRequests(const Options& options) {
    const auto& url = *options.url;
    std::vector<std::string> requests;
    std::ifstream ids(options.idsFile);
    for (std::string id; ids >> id;) {
        requests.push_back(renderRequest("GET", url, url.path + "/" + id, options.credential));
    }
    if (requests.empty()) {
        requests.push_back(renderRequest("GET", url, url.path, options.credential));
    }
    return requests;
}

}  // namespace jobload
