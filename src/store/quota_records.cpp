#include "quota_records.h"

namespace edgerun::store {

QuotaRecord recordOf(const QuotaCounterSlot& counter) {
    QuotaRecord record;
    record.kind = QuotaRecord::Kind::Counter;
    record.sequence = counter.sequence;
    record.key = counter.key;
    record.window = counter.window;
    record.amount = counter.used;
    return record;
}

QuotaRecord recordOf(const QuotaHoldSlot& hold, const QuotaKey& key) {
    QuotaRecord record;
    record.kind = QuotaRecord::Kind::Hold;
    record.sequence = hold.sequence;
    record.key = key;
    record.window = hold.window;
    record.amount = hold.amount;
    record.holder = holderOf(hold);
    record.taken = hold.taken;
    record.isSettled = isSettled(hold);
    record.isAccepted = isAccepted(hold);
    record.claims = hold.claims;
    return record;
}

QuotaRecord endOf(const QuotaHoldSlot& hold, const QuotaKey& key, std::uint64_t counts,
                  std::uint64_t sequence) {
    QuotaRecord record = recordOf(hold, key);
    record.kind = QuotaRecord::Kind::End;
    record.sequence = sequence;
    record.amount = counts;
    record.held = hold.amount;
    return record;
}

}  // namespace edgerun::store
