#pragma once

#include <cstdint>
#include <string>

#include "edgerun/loop/upstream.h"
#include "edgerun/run/machine.h"

namespace edgerun::engine {

/// One edgerun_provider, complete. Constant for the life of a configuration.
struct Provider {
    std::string name;
    std::uint64_t key = 0;  ///< stableHash(name): how a job's record names it
    const run::Machine* machine = nullptr;
    run::Settings settings;
    loop::Upstream upstream;
    std::string assistant;  ///< the default one, or empty
    /// What the operator must set before jobs can run, or empty.
    std::string missing;
};

class ProviderDirectory {
public:
    /// Null if this configuration has no such provider.
    virtual const Provider* findProvider(std::uint64_t key) const = 0;

protected:
    ~ProviderDirectory() = default;
};

}  // namespace edgerun::engine
