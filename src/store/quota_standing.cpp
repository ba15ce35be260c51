#include "quota_standing.h"

#include <algorithm>

#include "quota_index.h"

namespace edgerun::store {

QuotaUse standingOf(const QuotaView& view, std::uint32_t index, const QuotaWindow& window) {
    if (index != kNone) {
        const QuotaCounterSlot& counter = view.counters[index];
        return window.begin > counter.window.begin
                   ? QuotaUse{0, 0, window}
                   : QuotaUse{counter.used, counter.reserved, counter.window};
    }
    const std::int64_t forgotten = std::min(view.header->forgottenUntil, kLastMoment);
    return window.end > forgotten
               ? QuotaUse{0, 0, window}
               : QuotaUse{0, 0, {forgotten, forgotten + (window.end - window.begin)}};
}

}  // namespace edgerun::store
