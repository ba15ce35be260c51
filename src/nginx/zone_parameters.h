#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "edgerun/loop/thread_task.h"
#include "edgerun/nginx/conf.h"

/// What directives that keep something have in common. What reads or checks returns a message that
/// says what is wrong and what to write instead, or nothing.
namespace edgerun::nginx {

struct ZoneSize {
    std::string name;
    std::size_t bytes = 0;
};

/// zone=NAME:SIZE; `example` is one.
std::string readZone(std::string_view value, std::string_view example, ZoneSize& zone);

/// Without links and dots; empty, with errno, if it can neither be there nor be made.
std::string trueName(std::string path);

/// journal=DIRECTORY: its whole name, without links and dots. Two journals must not share a
/// directory, however it is spelt.
std::string readJournal(ngx_conf_t* cf, std::string_view value, std::string_view example,
                        std::string& journal);

/// Has no other zone this name, and no other journal this directory (or empty)?
std::string checkUnique(const MainConf& main, std::string_view directive, const std::string& name,
                        const std::string& journal);

/// What a zone's journal needs, if it has one: its directory, which is `zone`'s alone, and a pool.
/// False if NGINX refused it (and has said why).
bool addJournal(ngx_conf_t* cf, MainConf& main, const std::string& journal, void* zone,
                ngx_thread_pool_t*& pool);

/// NGINX makes the directory, for the workers' user, before it sets zones up. One of another
/// `owner` must not have the same. False if NGINX refused it (and has said why).
bool addDirectory(ngx_conf_t* cf, const std::string& directory, void* owner);

/// Ends with a zero too, as the names of paths must; null data without memory.
ngx_str_t inPool(ngx_conf_t* cf, const std::string& text);

}  // namespace edgerun::nginx
