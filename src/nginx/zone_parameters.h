#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "edgerun/loop/thread_task.h"
#include "edgerun/nginx/conf.h"

/// What edgerun_job_zone and edgerun_quota_zone have in common. What reads or checks returns a
/// message that says what is wrong and what to write instead, or nothing.
namespace edgerun::nginx {

struct ZoneSize {
    std::string name;
    std::size_t bytes = 0;
};

/// zone=NAME:SIZE; `example` is one.
std::string readZone(std::string_view value, std::string_view example, ZoneSize& zone);

/// journal=DIRECTORY: its whole name, without links and dots. Two journals must not share a
/// directory, however it is spelt.
std::string readJournal(ngx_conf_t* cf, std::string_view value, std::string_view example,
                        std::string& journal);

/// Has no other zone this name, and no other journal this directory (or empty)?
std::string checkUnique(const MainConf& main, std::string_view directive, const std::string& name,
                        const std::string& journal);

/// The pool for a journal. False if NGINX refused it (and has said why).
bool findJournalPool(ngx_conf_t* cf, MainConf& main, ngx_thread_pool_t*& pool);

/// NGINX makes the directory, for the workers' user, before it sets zones up. `owner`: unlike any
/// other directory's.
bool addJournalDirectory(ngx_conf_t* cf, const std::string& journal, void* owner);

/// Ends with a zero too, as the names of paths must; null data without memory.
ngx_str_t inPool(ngx_conf_t* cf, const std::string& text);

}  // namespace edgerun::nginx
