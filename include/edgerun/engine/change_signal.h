#pragma once

#include "edgerun/loop/wake_up.h"
#include "edgerun/store/job_arena.h"

namespace edgerun::engine {

/// The arena's changes wake all workers.
class ChangeSignal final : public store::ChangeSignal {
public:
    explicit ChangeSignal(const loop::SharedWakeUp& wakeUp) : wakeUp_(wakeUp) {}

    void signal() noexcept override { wakeUp_.signal(); }

private:
    const loop::SharedWakeUp& wakeUp_;
};

}  // namespace edgerun::engine
