#include "quota_change.h"

#include <algorithm>

#include "edgerun/store/crash_point.h"

namespace edgerun::store {

namespace {

std::uint64_t* wordAt(const QuotaView& view, std::uint64_t offset) {
    char* memory = reinterpret_cast<char*>(view.header);
    char* first = reinterpret_cast<char*>(view.counters);
    char* last = reinterpret_cast<char*>(view.holds + view.holdCount) - sizeof(std::uint64_t);
    const bool isInSlot = offset % sizeof(std::uint64_t) == 0 &&
                          offset >= static_cast<std::uint64_t>(first - memory) &&
                          offset <= static_cast<std::uint64_t>(last - memory);
    return isInSlot ? reinterpret_cast<std::uint64_t*>(memory + offset) : nullptr;
}

}  // namespace

QuotaLogEntry* QuotaChange::find(std::uint64_t offset) const {
    QuotaLogEntry* end = view_.header->log + count_;
    QuotaLogEntry* found =
        std::find_if(view_.header->log, end,
                     [offset](const QuotaLogEntry& entry) { return entry.offset == offset; });
    return found == end ? nullptr : found;
}

std::uint64_t QuotaChange::valueOf(const std::uint64_t& word) const {
    const QuotaLogEntry* entry = find(offsetOf(word));
    return entry != nullptr ? entry->value : word;
}

void QuotaChange::note(std::uint64_t offset, std::uint64_t value) {
    QuotaLogEntry* known = find(offset);
    if (known != nullptr) {
        known->value = value;
    } else if (count_ < kQuotaLogEntries) {
        view_.header->log[count_++] = {offset, value};
    } else {
        reportDamage(view_);
    }
}

void QuotaChange::commit() {
    EDGERUN_CRASH_POINT(quota_change_noted);
    storeInOrder(view_.header->logged, static_cast<std::uint32_t>(count_));
    EDGERUN_CRASH_POINT(quota_change_certain);
    finishNotedChange(view_);
    count_ = 0;
}

void finishNotedChange(const QuotaView& view) noexcept {
    QuotaHeader& header = *view.header;
    const std::size_t count = header.logged;
    for (std::size_t at = 0; at < count && count <= kQuotaLogEntries; ++at) {
        std::uint64_t* word = wordAt(view, header.log[at].offset);
        if (word != nullptr) {
            storeInOrder(*word, header.log[at].value);
        }
        EDGERUN_CRASH_POINT(quota_word_changed);
    }
    storeInOrder<std::uint32_t>(header.logged, 0);
    EDGERUN_CRASH_POINT(quota_change_done);
}

}  // namespace edgerun::store
