#include "arena_blocks.h"

#include <algorithm>
#include <cstring>

#include "edgerun/store/crash_point.h"

namespace edgerun::store {

namespace {

bool isInChain(const ArenaView& view, std::uint32_t slot, std::uint32_t index) {
    return index < view.blockCount && view.blocks[index].slot == slot;
}

std::uint32_t takeBlock(const ArenaView& view, std::uint32_t slot) {
    ArenaHeader& header = *view.header;
    std::uint32_t index = header.freeBlock;
    if (index == kNone) {
        index = header.blocksTouched;
        if (index >= view.blockCount) {
            reportDamage(view);
            return kNone;
        }
        header.blocksTouched = index + 1;
    } else {
        if (!isInChain(view, kNone, index)) {
            reportDamage(view);
            return kNone;
        }
        header.freeBlock = view.blocks[index].next;
    }
    EDGERUN_CRASH_POINT(block_unlinked);
    --header.blocksFree;
    view.blocks[index].next = kNone;
    view.blocks[index].slot = slot;
    return index;
}

void giveBlock(const ArenaView& view, std::uint32_t index) {
    ArenaHeader& header = *view.header;
    view.blocks[index].slot = kNone;
    view.blocks[index].next = header.freeBlock;
    EDGERUN_CRASH_POINT(block_half_free);
    header.freeBlock = index;
    ++header.blocksFree;
}

std::uint64_t bitOf(std::uint32_t index) {
    return std::uint64_t{1} << (index % 64);
}

bool isReached(const ArenaView& view, std::uint32_t index) {
    return (view.reached[index / 64] & bitOf(index)) != 0;
}

/// One more than the last reached block.
std::uint32_t endOfReached(const ArenaView& view) {
    std::uint32_t end = view.blockCount;
    while (end > 0 && !isReached(view, end - 1)) {
        --end;
    }
    return end;
}

void unmark(const ArenaView& view, std::uint32_t index, std::uint32_t count) {
    for (; count > 0; --count) {
        view.reached[index / 64] &= ~bitOf(index);
        index = view.blocks[index].next;
    }
}

}  // namespace

std::optional<Chain> storeChain(const ArenaView& view, std::uint32_t slot, std::string_view bytes) {
    Chain chain = kEmptyChain;
    std::uint32_t tail = kNone;
    while (!bytes.empty()) {
        const std::uint32_t index = takeBlock(view, slot);
        if (index == kNone) {
            freeChain(view, slot, chain);
            return std::nullopt;
        }
        const std::size_t part = std::min<std::size_t>(bytes.size(), kBlockPayload);
        std::memcpy(view.blocks[index].bytes, bytes.data(), part);
        EDGERUN_CRASH_POINT(block_filled);
        (tail == kNone ? chain.head : view.blocks[tail].next) = index;
        tail = index;
        chain.length += static_cast<std::uint32_t>(part);
        bytes.remove_prefix(part);
    }
    return chain;
}

bool copyChain(const ArenaView& view, std::uint32_t slot, const Chain& chain, char* out) {
    std::uint32_t index = chain.head;
    for (std::uint32_t left = chain.length; left > 0;) {
        if (!isInChain(view, slot, index)) {
            reportDamage(view);
            return false;
        }
        const std::uint32_t part = std::min(left, kBlockPayload);
        std::memcpy(out, view.blocks[index].bytes, part);
        out += part;
        left -= part;
        index = view.blocks[index].next;
    }
    return true;
}

void freeChain(const ArenaView& view, std::uint32_t slot, const Chain& chain) {
    std::uint32_t index = chain.head;
    for (std::uint32_t left = blocksFor(chain.length); left > 0; --left) {
        if (!isInChain(view, slot, index)) {
            reportDamage(view);
            return;
        }
        const std::uint32_t next = view.blocks[index].next;
        giveBlock(view, index);
        index = next;
    }
}

bool claimChain(const ArenaView& view, std::uint32_t slot, const Chain& chain) {
    const std::uint32_t count = blocksFor(chain.length);
    std::uint32_t index = chain.head;
    for (std::uint32_t done = 0; done < count; ++done) {
        if (!isInChain(view, slot, index) || isReached(view, index)) {
            unmark(view, chain.head, done);
            return false;
        }
        view.reached[index / 64] |= bitOf(index);
        index = view.blocks[index].next;
    }
    if (index != kNone) {
        unmark(view, chain.head, count);
        return false;
    }
    return true;
}

void disclaimChain(const ArenaView& view, const Chain& chain) {
    unmark(view, chain.head, blocksFor(chain.length));
}

void freeUnreachedBlocks(const ArenaView& view) {
    ArenaHeader& header = *view.header;
    header.blocksTouched =
        std::max(std::min(header.blocksTouched, view.blockCount), endOfReached(view));
    header.freeBlock = kNone;
    header.blocksFree = view.blockCount - header.blocksTouched;
    for (std::uint32_t index = header.blocksTouched; index-- > 0;) {
        if (!isReached(view, index)) {
            giveBlock(view, index);
        }
    }
}

}  // namespace edgerun::store
