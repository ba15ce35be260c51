#include "edgerun/auth/owner.h"

namespace edgerun::auth {

OwnerKey ownerKeyOf(std::string_view user) {
    return digestOf(user);
}

}  // namespace edgerun::auth
