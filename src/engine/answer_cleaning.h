#pragma once

#include <optional>
#include <string>
#include <utility>

#include "edgerun/engine/job_runner.h"
#include "edgerun/loop/thread_task.h"
#include "edgerun/text/sanitizer.h"

namespace edgerun::engine {

/// An answer as it is to be shown.
struct CleanedAnswer {
    std::string text;
    bool isClean = false;  ///< else it stays as it was
};

/// One answer that is cleaned by a thread, while its job waits for it. A job that is forgotten
/// meanwhile leaves it behind: the thread has it still.
class AnswerCleaning final : private loop::ThreadTask {
public:
    AnswerCleaning(JobRunner& runner, RunningJob& job, ngx_thread_pool_t* pool,
                   const text::Sanitizer& sanitizer, std::string answer)
        : ThreadTask(pool),
          runner_(runner),
          job_(&job),
          sanitizer_(sanitizer),
          answer_(std::move(answer)) {}

    using ThreadTask::begin;
    /// Where no thread takes it.
    void cleanHere() noexcept { work(); }

    /// Null: it was forgotten.
    RunningJob* job() const { return job_; }
    void forget() { job_ = nullptr; }

    /// Once it is done.
    CleanedAnswer take() {
        const bool isClean = cleaned_.has_value();
        return {std::move(isClean ? *cleaned_ : answer_), isClean};
    }

private:
    void work() noexcept override { cleaned_ = sanitizer_.clean(answer_); }
    void onDone() noexcept override { runner_.onCleaned(*this); }

    JobRunner& runner_;
    RunningJob* job_;
    const text::Sanitizer& sanitizer_;
    std::string answer_;
    std::optional<std::string> cleaned_;
};

}  // namespace edgerun::engine
