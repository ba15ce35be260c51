#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "edgerun/loop/thread_task.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"

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

/// Has the zone a name, and no other zone the same, and no other journal this directory (or empty)?
std::string checkZone(const MainConf& main, std::string_view directive, const std::string& name,
                      const std::string& journal);

/// Does the work of the setter of a zone's directive: `readLine` returns what is wrong, or nothing;
/// then `addZone` returns what NGINX wants to hear.
template <typename Draft>
char* setZone(ngx_conf_t* cf, void* conf,
              std::string (*readLine)(ngx_conf_t* cf, const MainConf& main, Draft& draft),
              char* (*addZone)(ngx_conf_t* cf, MainConf& main, Draft draft)) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& main = *static_cast<MainConf*>(conf);
        Draft draft;
        const std::string fault = readLine(cf, main, draft);
        if (!fault.empty()) {
            main.problems.add(cf, fault);
            return NGX_CONF_OK;
        }
        return addZone(cf, main, std::move(draft));
    });
}

/// What a zone's journal needs, if it has one: its directory, which is `zone`'s alone, and a pool.
/// False if NGINX refused it (and has said why).
bool addJournal(ngx_conf_t* cf, MainConf& main, const std::string& journal, void* zone,
                ngx_thread_pool_t*& pool);

/// NGINX makes the directory, for the workers' user, before it sets zones up. One of another
/// `owner` must not have the same. False if NGINX refused it (and has said why).
bool addDirectory(ngx_conf_t* cf, const std::string& directory, void* owner);

}  // namespace edgerun::nginx
