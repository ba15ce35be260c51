#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "edgerun/nginx/held_call.h"
#include "edgerun/nginx/job_response.h"
#include "edgerun/nginx/preferences.h"
#include "edgerun/nginx/quotas.h"

namespace edgerun::nginx {

/// A client that submits a job. It may wait for a knowledge base, for its acceptance, for that of
/// an earlier request with the same key, and for the job's end.
class SubmitCall final : public HeldCall,
                         private engine::SubmitListener,
                         private engine::KnowledgeListener {
public:
    explicit SubmitCall(const JobCall& call);
    ~SubmitCall() override;

private:
    enum class Stage {
        Begin,
        Accept,  ///< the job is being written down
        First,   ///< the key's first request is not over yet
        End,     ///< the job is to become settled
    };

    ngx_int_t proceed(const JobCall& call) override;
    ngx_int_t submit(const JobCall& call);
    ngx_int_t addKnowledge(const JobCall& call, store::JobRequest& request);
    void onKnowledge() noexcept override;
    ngx_int_t handOver(const JobCall& call, const store::JobRequest& request,
                       const store::IdempotencyKey& key);
    void onSubmitted(const engine::Submitted& submitted) noexcept override;
    ngx_int_t onAccept(const JobCall& call);
    ngx_int_t judge(const JobCall& call, const engine::Submitted& submitted);
    ngx_int_t accepted(const JobCall& call, const engine::Submitted& submitted);
    ngx_int_t repeat(const JobCall& call, const store::KnownJob& known);
    ngx_int_t awaitClaim(const JobCall& call);
    ngx_int_t awaitFirst(const JobCall& call);
    ngx_int_t refuseUnfinished(const JobCall& call);
    ngx_int_t submitAgain(const JobCall& call);
    ngx_int_t follow(const JobCall& call);
    ngx_int_t awaitEnd(const JobCall& call);
    ngx_int_t endSync(const JobCall& call);
    ngx_int_t respond(const JobCall& call);
    ngx_int_t respond(const JobCall& call, const FoundJob& job);
    bool addPreferenceApplied(ngx_http_request_t* r, bool isFinal) const;
    void cancel(engine::JobRunner& runner, const store::JobOwner& owner) const;

    bool follows() const { return isSync_ || wishes_.wait > 0; }

    Stage stage_ = Stage::Begin;
    bool isSync_;
    Wishes wishes_;
    int tries_ = 0;
    int looks_ = 0;  ///< whether another worker is done with the key
    bool hasKey_ = false;
    bool isRepeated_ = false;  ///< the job is an earlier request's
    bool isPending_ = false;
    bool awaitsKnowledge_ = false;
    std::vector<engine::QuotaOrder> orders_;
    std::optional<engine::Submitted> outcome_;
    store::JobId id_{};
    store::JobOwner owner_;
};

}  // namespace edgerun::nginx
