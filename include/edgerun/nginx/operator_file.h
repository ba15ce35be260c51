#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "edgerun/loop/ngx.h"
#include "edgerun/text/file.h"

namespace edgerun::nginx {

/// A file that a directive names, read now.
struct OperatorFile {
    std::string path;  ///< whole
    text::FileText text;
};

/// A relative path counts from the configuration's folder, as with
/// ssl_certificate_key.
std::variant<OperatorFile, text::FileProblem> readOperatorFile(ngx_conf_t* cf,
                                                               std::string_view path,
                                                               std::size_t maxBytes);

}  // namespace edgerun::nginx
