#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "arena_blocks.h"
#include "arena_guard.h"
#include "arena_layout.h"
#include "arena_slots.h"

/// What is copied out of the arena. Memory is not asked for under the lock: a copy
/// that does not fit is tried again with room for what was met. Sizes only grow, so this ends
/// however busy a job is; and a job whose chains are damaged is gone at the next look.
namespace edgerun::store {

/// Of one chain. False, with the size told, if it is too long for `bytes`.
inline bool copyInto(std::string& bytes, std::size_t& size, const ArenaView& view,
                     const ArenaSlot& slot, const Chain& chain) {
    size = std::max<std::size_t>(size, chain.length);
    if (bytes.size() < chain.length) {
        return false;
    }
    bytes.resize(chain.length);
    return copyChain(view, indexOf(view, slot), chain, bytes.data());
}

/// `find` gives a sound slot or null, and is called under the lock.
template <typename Find>
std::optional<std::string> copyRequest(SharedLock& lock, const ArenaView& view,
                                       ChangeSignal* signal, Find find) {
    std::string request;
    std::size_t size = 0;
    while (true) {
        request.resize(size);

        ArenaGuard guard(lock, view, signal);
        const ArenaSlot* slot = find();
        if (slot == nullptr) {
            return std::nullopt;
        }
        if (copyInto(request, size, view, *slot, currentState(*slot).request)) {
            return std::optional(std::move(request));
        }
    }
}

}  // namespace edgerun::store
