#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "arena_layout.h"

/// Chains of 1 KiB blocks. A chain belongs to one slot and every block says so:
/// a link that leads into another job's bytes is noticed.
namespace edgerun::store {

constexpr std::uint32_t blocksFor(std::size_t bytes) {
    return static_cast<std::uint32_t>((bytes + kBlockPayload - 1) / kBlockPayload);
}

/// There must be enough free blocks; nullopt, with nothing taken, if the arena
/// is damaged.
std::optional<Chain> storeChain(const ArenaView& view, std::uint32_t slot, std::string_view bytes);

/// Writes chain.length bytes to `out`. False if the chain is damaged.
bool copyChain(const ArenaView& view, std::uint32_t slot, const Chain& chain, char* out);

void freeChain(const ArenaView& view, std::uint32_t slot, const Chain& chain);

/// Marks the chain's blocks as reached. False, with nothing marked, if it is
/// torn, cyclic, or shares a block with what was marked before.
bool claimChain(const ArenaView& view, std::uint32_t slot, const Chain& chain);

/// Undoes claimChain().
void disclaimChain(const ArenaView& view, const Chain& chain);

/// Makes free what was in use at some time and is not reached now.
void freeUnreachedBlocks(const ArenaView& view);

}  // namespace edgerun::store
