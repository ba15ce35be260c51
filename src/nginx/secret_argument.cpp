#include "edgerun/nginx/secret_argument.h"

namespace edgerun::nginx {

namespace {

constexpr std::string_view kFile = "file:";

}  // namespace

std::variant<auth::Secret, auth::SecretProblem> readSecretArgument(ngx_conf_t* cf,
                                                                   std::string_view spec) {
    if (spec.substr(0, kFile.size()) != kFile) {
        return auth::readSecret(spec);
    }
    const std::string_view path = spec.substr(kFile.size());
    ngx_str_t name = loop::asNgx(path);
    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return auth::SecretProblem{"names no usable file"};
    }
    return auth::readSecret(std::string(kFile) + std::string(loop::view(name)));
}

std::string describeEmptySecret(std::string_view spec) {
    const bool isFile = spec.substr(0, kFile.size()) == kFile;
    return (isFile ? "its file" : std::string(spec)) + " is unset or empty";
}

}  // namespace edgerun::nginx
