#pragma once

#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/journal.h"

namespace edgerun::engine {

/// A new job that is hidden in the zone until the journal has it.
class PendingSubmit final : public JournalWaiter {
public:
    PendingSubmit(JobRunner& runner, const store::JobRef& ref, Submitted submitted,
                  SubmitListener& listener)
        : runner_(runner), ref_(ref), submitted_(std::move(submitted)), listener_(&listener) {}

    const store::JobRef& ref() const { return ref_; }
    const Submitted& submitted() const { return submitted_; }
    bool isWritten() const { return isWritten_; }

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

private:
    JobRunner& runner_;
    store::JobRef ref_;
    Submitted submitted_;
    SubmitListener* listener_;  ///< null once it has gone
    bool isWritten_ = false;
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
