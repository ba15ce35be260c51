#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/run/record.h"
#include "edgerun/store/job_id.h"

namespace edgerun::store {

/// What a client may repeat a submission by. Digests, cut: the key's covers the
/// owner, so equal keys of two owners differ.
struct IdempotencyKey {
    std::array<std::uint8_t, 16> digest{};       ///< all zero: no key
    std::array<std::uint8_t, 16> fingerprint{};  ///< of the request that came with it

    bool isSet() const { return digest != std::array<std::uint8_t, 16>{}; }
};

/// All of a job, as one moment saw it. Newer is what has the higher fence, and
/// among equal fences the higher revision.
struct JobSnapshot {
    JobId id{};
    JobOwner owner;
    IdempotencyKey key;
    std::uint32_t fence = 0;     ///< grows with each change of the worker
    std::uint32_t revision = 0;  ///< grows with each commit under one fence
    run::Record record;
    std::string request;        ///< empty once final, unless record.keepsRequest
    std::string body;           ///< the client's JSON; empty once erased
    std::uint32_t stepsAt = 0;  ///< where its last member, "steps", begins; 0: it has none
};

/// What a commit writes. Views are valid during the call.
struct JobUpdate {
    const run::Record& record;
    std::optional<std::string_view> body{};     ///< the client's JSON, where it changes
    std::uint32_t stepsAt = 0;                  ///< as in JobSnapshot, of `body`
    std::optional<std::string_view> request{};  ///< takes the place of the former one
};

}  // namespace edgerun::store
