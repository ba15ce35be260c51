#pragma once

#include <cstddef>

#include "edgerun/engine/quota_book.h"
#include "edgerun/engine/quota_journal.h"

namespace edgerun::engine {

/// What a job took, until the journals of all its zones have it.
class Receipt final : public QuotaJournalWaiter {
public:
    using End = void (*)(void* book, Receipt& receipt) noexcept;

    Receipt(QuotaWaiter& waiter, End end, void* book) : waiter_(&waiter), end_(end), book_(book) {}

    QuotaWaiter* waiter() const { return waiter_; }
    void forget() { waiter_ = nullptr; }
    void awaitOne() { left_++; }
    bool isAwaited() const { return left_ != 0; }

    void onQuotaJournaled(bool isWritten) noexcept override {
        isWritten_ = isWritten_ && isWritten;
        if (--left_ == 0) {
            end_(book_, *this);
        }
    }
    bool isWritten() const { return isWritten_; }

private:
    QuotaWaiter* waiter_;  ///< null once it has gone
    End end_;
    void* book_;
    std::size_t left_ = 0;
    bool isWritten_ = true;
};

}  // namespace edgerun::engine
