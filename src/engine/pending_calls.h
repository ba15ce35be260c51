#pragma once

#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/journal.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::engine {

/// A new job on its way: it holds what it took of quotas, is hidden in the zone, and waits until
/// the journals have written that, one after the other. What it took is given back at its end,
/// unless the job was accepted or somebody else may have it: who that is, QuotaBook finds out.
class PendingSubmit final : public JournalWaiter, public QuotaWaiter {
public:
    PendingSubmit(JobRunner& runner, QuotaBook* quotas, const store::JobId& id,
                  SubmitListener& listener)
        : runner_(runner),
          quotas_(quotas),
          id_(id),
          submitted_{SubmitStatus::Accepted, store::formatJobId(id), {}, {}},
          listener_(&listener) {}

    ~PendingSubmit() {
        if (awaitsQuotas_) {
            quotas_->forget(*this);
        }
        if (givesBack_) {
            quotas_->giveBack(id_);
        }
    }

    const store::JobId& id() const { return id_; }
    const store::JobRef& ref() const { return ref_; }
    Submitted& submitted() { return submitted_; }

    void hasTaken(bool isComing) {
        hasTaken_ = givesBack_ = true;
        awaitsQuotas_ = isComing;
    }
    void isAccepted(const store::JobRef& ref) {
        ref_ = ref;
        givesBack_ = false;
    }
    void mayGiveBack() { givesBack_ = hasTaken_; }
    void keepQuotas() noexcept {
        if (hasTaken_) {
            quotas_->keep(id_);
            EDGERUN_CRASH_POINT(quota_kept);
        }
    }

    bool awaitsQuotas() const { return awaitsQuotas_; }
    /// Of the job, for the journal.
    std::string& frames() { return frames_; }
    bool isWritten() const { return isWritten_; }
    void fail() { isWritten_ = false; }

    SubmitListener* listener() const { return listener_; }
    void forget() { listener_ = nullptr; }
    void tell(const Submitted& submitted) {
        if (listener_ != nullptr) {
            listener_->onSubmitted(submitted);
        }
    }

    void onJournaled(bool isWritten) noexcept override {
        isWritten_ = isWritten;
        runner_.finish(*this);
    }
    void onQuotaWritten(bool isWritten) noexcept override {
        EDGERUN_CRASH_POINT(quota_written);
        awaitsQuotas_ = false;
        isWritten_ = isWritten;
        runner_.onQuotaWritten(*this);
    }

private:
    JobRunner& runner_;
    QuotaBook* quotas_;
    store::JobId id_;
    store::JobRef ref_;
    Submitted submitted_;
    std::string frames_;
    SubmitListener* listener_;  ///< null once it has gone
    bool hasTaken_ = false;
    bool givesBack_ = false;
    bool awaitsQuotas_ = false;
    bool isWritten_ = true;
};

/// A job of which nothing is left to do, until the journal knows that it is gone.
class PendingErase final : public JournalWaiter {
public:
    PendingErase(JobRunner& runner, const store::JobOwner& owner, const store::JobId& id,
                 OrderListener& listener)
        : runner_(runner), owner_(owner), id_(id), listener_(&listener) {}

    const store::JobOwner& owner() const { return owner_; }
    const store::JobId& id() const { return id_; }
    bool isWritten() const { return isWritten_; }

    void forget(OrderListener& listener) {
        listener_ = listener_ == &listener ? nullptr : listener_;
    }
    void tell(Order order) {
        if (listener_ != nullptr) {
            listener_->onOrder(order);
        }
    }

    void onJournaled(bool isWritten) noexcept override {
        isWritten_ = isWritten;
        runner_.finish(*this);
    }

private:
    JobRunner& runner_;
    store::JobOwner owner_;
    store::JobId id_;
    OrderListener* listener_;  ///< null once it has gone
    bool isWritten_ = false;
};

/// Something is undone at a provider that a job leaves for another one: tried once, nobody waits.
class PartingCall final : public loop::TransferOwner {
public:
    explicit PartingCall(JobRunner& runner) : runner_(runner) {}

    void calls(loop::Transfer* transfer) { transfer_ = transfer; }
    loop::Transfer* transfer() const { return transfer_; }

    void onTransfer(const loop::TransferResult&) noexcept override {
        transfer_ = nullptr;
        runner_.forget(*this);
    }
    bool mayStillSend() noexcept override { return true; }
    void onAbandoned() noexcept override { transfer_ = nullptr; }

private:
    JobRunner& runner_;
    loop::Transfer* transfer_ = nullptr;
};

}  // namespace edgerun::engine
