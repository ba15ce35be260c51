#include "edgerun/loop/thread_task.h"

#include "edgerun/loop/loop_event.h"

namespace edgerun::loop {

namespace {

constexpr std::uint64_t kGuardTick = 100;  // ms

}  // namespace

struct ThreadTask::Impl {
    Impl(ThreadTask& task, ngx_thread_pool_t* threads);

    bool post();
    void workAtOnce();

    static void onEnd(void* self) noexcept;
    static void onGuard(void* self) noexcept;
#if (NGX_THREADS)
    static void inThread(void* self, ngx_log_t* log) noexcept;
    static void onThreadEnd(ngx_event_t* ev) noexcept;

    ngx_thread_task_t nginxTask{};
#endif
    ThreadTask& owner;
    ngx_thread_pool_t* pool;
    bool isUnderWay = false;
    LoopEvent end;
    LoopEvent guard;  // a worker that wants to leave stays while it is set
};

ThreadTask::ThreadTask(ngx_thread_pool_t* pool) : impl_(std::make_unique<Impl>(*this, pool)) {}

ThreadTask::~ThreadTask() = default;

bool ThreadTask::isUnderWay() const {
    return impl_->isUnderWay;
}

bool ThreadTask::begin() {
    const bool hasThreads = impl_->pool != nullptr && ngx_process != NGX_PROCESS_SINGLE;
    if (!hasThreads) {
        impl_->workAtOnce();
    } else if (!impl_->post()) {
        return false;
    }
    impl_->isUnderWay = true;
    impl_->guard.after(kGuardTick);
    return true;
}

ThreadTask::Impl::Impl(ThreadTask& task, ngx_thread_pool_t* threads)
    : owner(task), pool(threads), end(onEnd, this), guard(onGuard, this) {
    guard.keepWorker();
#if (NGX_THREADS)
    nginxTask.ctx = this;
    nginxTask.handler = inThread;
    nginxTask.event.data = this;
    nginxTask.event.handler = onThreadEnd;
#endif
}

/// In the next turn, so that work which leads to more work leaves room for I/O.
void ThreadTask::Impl::workAtOnce() {
    owner.work();
    end.postNext();
}

void ThreadTask::Impl::onEnd(void* self) noexcept {
    auto* impl = static_cast<Impl*>(self);
    impl->guard.cancel();
    impl->isUnderWay = false;
    impl->owner.onDone();
}

void ThreadTask::Impl::onGuard(void* self) noexcept {
    static_cast<Impl*>(self)->guard.after(kGuardTick);
}

#if (NGX_THREADS)

bool ThreadTask::Impl::post() {
    nginxTask.event.log = ngx_cycle->log;
    return ngx_thread_task_post(pool, &nginxTask) == NGX_OK;
}

void ThreadTask::Impl::inThread(void* self, ngx_log_t*) noexcept {
    static_cast<Impl*>(self)->owner.work();
}

void ThreadTask::Impl::onThreadEnd(ngx_event_t* ev) noexcept {
    onEnd(ev->data);
}

#else

bool ThreadTask::Impl::post() {
    workAtOnce();
    return true;
}

#endif

}  // namespace edgerun::loop
