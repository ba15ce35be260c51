#pragma once

#include "edgerun/engine/job_changes.h"
#include "edgerun/nginx/held_request.h"
#include "edgerun/nginx/job_calls.h"

namespace edgerun::nginx {

/// A call on jobs that may have to wait before it can be answered.
class HeldCall : public HeldRequest, private engine::ChangeWaiter {
public:
    ~HeldCall() override;

    /// What the handler returns.
    ngx_int_t begin(const JobCall& call) { return proceed(call); }

protected:
    HeldCall(ngx_http_request_t* r, const JobsConf& jobs);

    /// The next step: at the beginning, and after each wake-up. Returns what a handler returns, or
    /// what stay() does.
    virtual ngx_int_t proceed(const JobCall& call) = 0;

    /// Goes on when the job has changed. To be asked before the job is looked at, else a change
    /// might be missed. False if there is no such job.
    bool awaitChange(const JobCall& call, const store::JobId& id);

    /// Null when its configuration has ended (`master_process off`).
    engine::JobRunner* runner() const;
    Worker* worker() const;

private:
    ngx_int_t step() override;
    void letGo() noexcept override { forgetChange(); }
    void onChange() noexcept override;
    void forgetChange() noexcept;

    std::size_t zone_;
    bool isAwaiting_ = false;
};

}  // namespace edgerun::nginx
