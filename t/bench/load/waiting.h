#pragma once

#include <cstddef>
#include <string>

#include "clock.h"
#include "http_pool.h"
#include "latency.h"

namespace jobload {

/// Clients that wait for the end of a job with `Prefer: wait`, each over a connection of its own.
class WaitingClients {
public:
    WaitingClients(const Endpoint& endpoint, std::size_t count);

    /// One client's request; it is answered with a final job, if all is well.
    void send(std::string request);

    /// Until all are answered, or `deadline`.
    void waitUntil(Nanos deadline);
    /// As long as that, whether they are answered or not.
    void observe(Nanos duration);

    std::size_t answered() const { return delays_.count(); }
    std::size_t errors() const { return errors_; }

    /// From the moment at which a job says that it was completed until its client knew.
    const Latency& delays() const { return delays_; }

private:
    void note(const Response& response);

    HttpPool pool_;
    Latency delays_;
    std::size_t errors_ = 0;
};

/// The header that makes a client wait; longer than anything here takes.
inline constexpr const char* kPreferWait = "Prefer: wait=60";

}  // namespace jobload
