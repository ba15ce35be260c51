#include "edgerun/engine/remote_keys.h"

namespace edgerun::engine {

/// Nothing is fetched yet: readKeySource() refuses every source.
struct RemoteKeys::Impl {
    auth::VerificationKeys keys;
};

RemoteKeys::RemoteKeys() : impl_(std::make_unique<Impl>()) {}
RemoteKeys::~RemoteKeys() = default;

std::unique_ptr<RemoteKeys> RemoteKeys::create(const KeySource&, store::KeySetPage&,
                                               loop::HttpClient&) {
    return nullptr;
}

std::uint64_t RemoteKeys::refresh() {
    return 0;
}

const auth::VerificationKeys& RemoteKeys::keys() const {
    return impl_->keys;
}

KeyHope RemoteKeys::hopeFor(std::uint64_t) {
    return KeyHope::Unavailable;
}

}  // namespace edgerun::engine
