#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// Where in the configuration something was written.
struct Place {
    std::string file;
    ngx_uint_t line = 0;
};

Place placeOf(const ngx_conf_t* cf);

/// Mistakes in our directives. NGINX's parser stops at the first error that it
/// is told of, so we log each one, go on, and fail the configuration at its
/// end: one `nginx -t` names them all.
class Problems {
public:
    /// At the directive that is being read.
    void add(ngx_conf_t* cf, const std::string& message);
    /// Found later, at the end of http {}. The same one counts once.
    void add(ngx_conf_t* cf, const Place& place, const std::string& message);
    std::size_t count() const { return count_; }

private:
    std::size_t count_ = 0;
    std::set<std::string> later_;
};

/// A risk that is no mistake: at the directive that is being read, or found later.
void warn(ngx_conf_t* cf, const std::string& message);
void warn(ngx_conf_t* cf, const Place& place, const std::string& message);

}  // namespace edgerun::nginx
