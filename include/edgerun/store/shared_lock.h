#pragma once

namespace edgerun::store {

/// The lock of a piece of shared memory. Its owner's death releases it (the
/// master process does so for ngx_shmtx): whoever takes it next must reckon with
/// work that was left half done.
class SharedLock {
public:
    virtual ~SharedLock() = default;
    virtual void lock() noexcept = 0;
    virtual void unlock() noexcept = 0;
};

}  // namespace edgerun::store
