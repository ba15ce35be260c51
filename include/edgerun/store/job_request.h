#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace edgerun::store {

/// What a client asked for, as kept with the job until it is final (or longer:
/// run::Record::keepsRequest).
struct JobRequest {
    std::string query;
    bool queryCut = false;  ///< the client sent more than edgerun_max_query
    std::string threadId;   ///< continued thread, or empty
    std::string metadata;   ///< JSON object text, or empty
    std::string assistant;  ///< a name, or a provider's id; empty: the provider's default
    std::string user;       ///< who asked, as function tools are told; or empty
    std::string work;       ///< what the job's machine wrote last (run::Step::work), or empty
    std::string context;    ///< follows the query on its way to the model (knowledge), or empty
    std::string knowledge;  ///< JSON array of the ids of the articles in it, or empty
    std::string sanitizer;  ///< by which its answer is cleaned (edgerun_sanitize), or empty
};

/// Length-prefixed bytes, native byte order (never leaves the machine).
std::string encodeJobRequest(const JobRequest& request);

/// nullopt when the bytes are not such an encoding.
std::optional<JobRequest> decodeJobRequest(std::string_view bytes);

}  // namespace edgerun::store
