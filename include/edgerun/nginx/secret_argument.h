#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "edgerun/auth/secret.h"
#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// A directive's secret, read now. A relative file: path counts from the
/// configuration's folder, as with ssl_certificate_key.
std::variant<auth::Secret, auth::SecretProblem> readSecretArgument(ngx_conf_t* cf,
                                                                   std::string_view spec);

/// "env:NAME is unset or empty". Clients read it: a file's path is for the operator alone.
std::string describeEmptySecret(std::string_view spec);

}  // namespace edgerun::nginx
