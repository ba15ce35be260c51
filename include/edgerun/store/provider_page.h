#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "edgerun/run/record.h"
#include "edgerun/store/shared_lock.h"

namespace edgerun::store {

/// When a provider is to be left alone.
struct FailurePolicy {
    std::uint32_t maxFails = 0;     ///< failures in a row within failTimeout; 0: never
    std::uint64_t failTimeout = 0;  ///< ms, both of counting and of leaving alone
};

/// What all workers know of the providers: how they do, and which assistants were set
/// up there. One piece of shared memory of a fixed size, kept over reloads; entries that were
/// not used for longest make room. An object belongs to one thread; every function takes the
/// lock for a bounded time. Times are monotonic ms. Nothing in the memory is trusted.
class ProviderPage {
public:
    static constexpr std::size_t kBytes = 64 * 1024;

    /// `memory` holds kBytes, aligned to 16; zero-filled, or left by this or an earlier process.
    /// What has another layout is begun anew.
    ProviderPage(void* memory, SharedLock& lock);

    // --- how a provider does; `provider` is Record::provider ---

    /// May a job begin there? When failTimeout has passed, one job at a time is let through to
    /// try; after its success, all are.
    bool mayBegin(std::uint64_t provider, const FailurePolicy& policy, std::uint64_t now);
    /// When to ask again, after mayBegin() said no.
    std::uint64_t nextTry(std::uint64_t provider);
    /// A call had no answer, or a 5xx. True if the provider is left alone from now on.
    bool failed(std::uint64_t provider, const FailurePolicy& policy, std::uint64_t now);
    /// True if it was left alone until now. Cheap where there is nothing to forget.
    bool succeeded(std::uint64_t provider);

    // --- assistants; `definition` is a hash of name and content and provider ---

    std::optional<run::ProviderId> findAssistant(std::uint64_t definition, std::uint64_t now);
    /// The right to set it up, until then, for one job at a time; again for the same `job`.
    bool claimAssistant(std::uint64_t definition, std::uint64_t job, std::uint64_t now,
                        std::uint64_t until);
    /// Ends the claim.
    void setAssistant(std::uint64_t definition, const run::ProviderId& id, std::uint64_t now);
    void forgetAssistant(std::uint64_t definition);
    /// The job that has the claim could not set it up: another one may try.
    void releaseAssistant(std::uint64_t definition, std::uint64_t job);

private:
    struct Layout;
    Layout* page_;
    SharedLock* lock_;
};

}  // namespace edgerun::store
