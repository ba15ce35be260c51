#pragma once

#include <memory>

#include "edgerun/loop/ngx.h"

// Without NGX_THREADS, NGINX does not name it.
struct ngx_thread_pool_s;
using ngx_thread_pool_t = ngx_thread_pool_s;

namespace edgerun::loop {

/// Work that may block, done by a thread of an NGINX thread pool. One at a time: begin() again only
/// after onDone(). While it is under way, work() alone touches what both sides know.
///
/// Where no pool runs (`master_process off`: after a reload NGINX starts no threads anew), begin()
/// works at once and posts the end.
class ThreadTask {
public:
    /// Without a pool it works at once, too.
    explicit ThreadTask(ngx_thread_pool_t* pool);
    ThreadTask(const ThreadTask&) = delete;
    ThreadTask& operator=(const ThreadTask&) = delete;

    /// Keeps the worker until onDone(). False if the pool's queue is full: nothing was begun.
    bool begin();
    bool isUnderWay() const;

protected:
    /// Must not be destroyed while it is under way, but at the process's end, when NGINX has
    /// joined its threads.
    virtual ~ThreadTask();

private:
    /// In the thread. Logs nothing, touches nothing of NGINX's.
    virtual void work() noexcept = 0;
    /// On the event loop.
    virtual void onDone() noexcept = 0;

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::loop
