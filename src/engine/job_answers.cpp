#include <exception>

#include "answer_cleaning.h"
#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/running_job.h"
#include "edgerun/store/crash_point.h"
#include "job_inputs.h"

/// Answers are cleaned as their locations want it (edgerun_sanitize), before anybody sees them.
/// What a machine itself remembers of an answer is the model's own.
namespace edgerun::engine {

namespace {

constexpr std::uint64_t kPauseAfterTrouble = 1'000;  // ms
constexpr const char* kFailed = "failed or reached its limits";

}  // namespace

/// The name of the rules for what this step shows; empty: it stays as it is.
std::string JobRunner::rulesFor(const RunningJob& job, JobInputs& inputs, const run::Step& step) {
    const bool isShown = step.visible && step.visible->answer && !job.isErased();
    if (!isShown || !isFinal(step.record.status) || step.record.erased) {
        return {};
    }
    if (!inputs.request) {
        inputs.request = requestOf(job.ref());
    }
    return inputs.request ? inputs.request->sanitizer : std::string();
}

/// ... and settled.
void JobRunner::clean(RunningJob& job, JobChange change) {
    if (change.rules.empty()) {
        return settle(job, std::move(change));
    }
    const text::Sanitizer* sanitizer = providers_.findSanitizer(change.rules);
    std::string& answer = *change.step.visible->answer;
    if (sanitizer != nullptr && !sanitizer->isQuick(answer.size())) {
        return cleanAside(job, std::move(change), *sanitizer);
    }
    auto cleaned = sanitizer != nullptr ? sanitizer->clean(answer) : std::nullopt;
    if (cleaned) {
        answer = std::move(*cleaned);
    } else {
        tellUncleaned(job, change.rules,
                      sanitizer != nullptr ? kFailed : "is not configured any more");
    }
    settle(job, std::move(change));
}

/// By a thread: nobody else waits for it. Until it is done the job has no other work here; orders
/// for it take it over, as they would from another worker.
void JobRunner::cleanAside(RunningJob& job, JobChange change, const text::Sanitizer& sanitizer) {
    auto fresh = std::make_unique<AnswerCleaning>(*this, job, cleaners_, sanitizer,
                                                  std::move(*change.step.visible->answer));
    AnswerCleaning* cleaning = fresh.get();
    cleanings_.emplace(cleaning, std::move(fresh));
    job.awaits(std::move(change), cleaning);
    if (cleaning->begin()) {
        EDGERUN_CRASH_POINT(answer_handed_over);
    } else {
        cleaning->cleanHere();
        onCleaned(*cleaning);
    }
}

/// `done` is gone afterwards.
void JobRunner::onCleaned(AnswerCleaning& done) noexcept {
    const auto found = cleanings_.find(&done);
    const std::unique_ptr<AnswerCleaning> cleaning = std::move(found->second);
    cleanings_.erase(found);
    RunningJob* job = cleaning->job();
    if (job == nullptr) {
        return;
    }
    JobChange change = job->takeChange();
    try {
        settleCleaned(*job, std::move(change), cleaning->take());
    } catch (const std::exception& trouble) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "edgerun: a job must wait: %s",
                      trouble.what());
        job->resumeAfter(kPauseAfterTrouble);
    }
}

void JobRunner::settleCleaned(RunningJob& job, JobChange change, CleanedAnswer cleaned) {
    if (!owns(job.ref())) {
        return forget(job);
    }
    change.step.visible->answer = std::move(cleaned.text);
    if (!cleaned.isClean) {
        tellUncleaned(job, change.rules, kFailed);
    }
    settle(job, std::move(change));
}

void JobRunner::tellUncleaned(const RunningJob& job, const std::string& rules, const char* why) {
    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "edgerun: the answer of job %s stays as it is: \"edgerun_sanitize %s\" %s",
                  store::formatJobId(job.id()).c_str(), rules.c_str(), why);
}

}  // namespace edgerun::engine
