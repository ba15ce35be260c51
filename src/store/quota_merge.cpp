#include "quota_merge.h"

#include <algorithm>
#include <utility>

#include "quota_layout.h"

namespace edgerun::store {

namespace {

using Kind = QuotaRecord::Kind;

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/// One counter as it is added up.
struct Sum {
    QuotaRecord counter;         ///< as it will be restored
    std::uint64_t sequence = 0;  ///< up to which it was copied; 0: its window is a newer one
    std::uint64_t more = 0;
    std::uint64_t less = 0;

    /// A hold or an end may be the first of a newer window.
    void open(const QuotaRecord& part) {
        if (part.window.begin > counter.window.begin || counter.sequence == 0) {
            const std::uint64_t newest = counter.sequence;
            counter = {};
            counter.key = part.key;
            counter.window = part.window;
            counter.sequence = newest;
            sequence = 0;
        }
        counter.sequence = std::max(counter.sequence, part.sequence);
    }

    bool has(std::uint64_t changed) const { return changed <= sequence; }
    bool isOf(const QuotaRecord& part) const { return part.window.begin == counter.window.begin; }

    void addEnd(const QuotaRecord& end) {
        if (!has(end.sequence)) {
            more = plus(more, end.amount);
            less = plus(less, has(end.taken) ? end.held : 0);
        }
    }
};

}  // namespace

void QuotaMerge::add(const QuotaFrame& frame, bool isBase) {
    if (frame.isWholeMark) {
        return;
    }
    QuotaRecord record = frame.record;
    record.amount = std::min(record.amount, kMostUsed);
    if (record.kind == Kind::Counter) {
        QuotaRecord& known = counters_[record.key];
        if (isBase && known.sequence < record.sequence) {
            known = record;
        }
        return;
    }
    Part& part = parts_[{record.key, record.holder.job, record.taken}];
    part.isCopied = part.isCopied || frame.isCopy;
    if (part.newest.sequence < record.sequence) {
        part.newest = record;
    }
}

std::vector<QuotaRecord> QuotaMerge::finish() const {
    std::map<QuotaKey, Sum> sums;
    for (const auto& [key, counter] : counters_) {
        if (counter.sequence != 0) {
            sums[key] = {counter, counter.sequence};
        }
    }
    for (const auto& [name, part] : parts_) {
        sums[part.newest.key].open(part.newest);
    }
    std::vector<QuotaRecord> holds;
    for (const auto& [name, part] : parts_) {
        Sum& sum = sums[part.newest.key];
        if (!sum.isOf(part.newest)) {
            continue;
        }
        if (part.newest.kind == Kind::End) {
            sum.addEnd(part.newest);
        } else if (!sum.has(part.newest.taken)) {
            sum.more = plus(sum.more, part.newest.amount);
            holds.push_back(part.newest);
        } else if (part.isCopied) {
            holds.push_back(part.newest);
        }
        // Else it had ended when all was said anew, and its end was lost: the counter has it.
    }
    std::vector<QuotaRecord> records;
    for (auto& [key, sum] : sums) {
        const std::uint64_t used = plus(sum.counter.amount, sum.more);
        sum.counter.amount = std::min(used - std::min(used, sum.less), kMostUsed);
        records.push_back(sum.counter);
    }
    records.insert(records.end(), holds.begin(), holds.end());
    return records;
}

}  // namespace edgerun::store
