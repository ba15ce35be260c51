#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

/// What pieces of shared memory have in common in which a process may die while it holds the lock.
namespace edgerun::store {

/// No index.
inline constexpr std::uint32_t kNone = 0xffffffff;

template <typename T>
inline constexpr bool kMayBeShared =
    std::is_trivially_copyable_v<T>&& std::is_standard_layout_v<T> && alignof(T) <= 16;

/// Values of a header's word `mutating`.
enum Mutating : std::uint32_t {
    kConsistent = 0,
    kChanging = 1,  ///< found by another lock holder: its owner died
    kDamaged = 2,   ///< an impossible value was met; the next lock holder repairs
};

/// A store that comes after all before it and before all after it. Only one
/// process writes at a time and a dying one has executed a prefix of its
/// instructions, so it is the compiler that must keep the order.
template <typename T>
void storeInOrder(T& word, T value) {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    __atomic_store(&word, &value, __ATOMIC_RELEASE);
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace edgerun::store
