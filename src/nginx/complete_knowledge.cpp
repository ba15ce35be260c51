#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/knowledge_calls.h"

namespace edgerun::nginx {

namespace {

std::string unknownBase(const MainConf& main, std::string_view name) {
    std::vector<std::string_view> known;
    for (const auto& base : main.knowledgeBases) {
        known.push_back(base->source.name);
    }
    return unknownName("edgerun_knowledge_base", name, known,
                       "add for example \"edgerun_knowledge_base " + std::string(name) +
                           " knowledge.json;\" to http {}");
}

/// Of edgerun_knowledge and of handlers alike.
template <typename User>
void completeBase(ngx_conf_t* cf, MainConf& main, User& user) {
    for (std::size_t i = 0; i < main.knowledgeBases.size(); i++) {
        if (main.knowledgeBases[i]->source.name == user.baseName) {
            user.base = i;
            return;
        }
    }
    main.problems.add(cf, user.place, unknownBase(main, user.baseName));
}

// --- handlers ---

std::string nameOf(const KnowledgeHandlerConf& handler) {
    return handler.takesChanges ? "\"edgerun_knowledge_articles\"" : "\"edgerun_knowledge_search\"";
}

const LocationConf& locationOf(const KnowledgeHandlerConf& handler) {
    return *static_cast<const LocationConf*>(
        handler.location->loc_conf[ngx_http_edgerun_module.ctx_index]);
}

void completeLocation(ngx_conf_t* cf, MainConf& main, KnowledgeHandlerConf& handler) {
    handler.path = loop::view(handler.location->name);
    while (!handler.path.empty() && handler.path.back() == '/') {
        handler.path.pop_back();
    }
    if (handler.location->handler != handlerOf(handler) || locationOf(handler).jobs != nullptr) {
        main.problems.add(cf, handler.place,
                          nameOf(handler) +
                              " needs a location of its own: something else answers "
                              "the requests of this one");
    }
    if (handler.takesChanges && !handler.isGated && !locationOf(handler).isGated()) {
        warn(cf, handler.place,
             nameOf(handler) + " without authentication: everybody may change the articles");
    }
}

// --- where changes are written ---

/// The workers' user, as NGINX will choose it. nullopt if that cannot be told.
std::optional<passwd> workersUser(ngx_conf_t* cf) {
    const auto* core = reinterpret_cast<const ngx_core_conf_t*>(
        ngx_get_conf(cf->cycle->conf_ctx, ngx_core_module));
    const bool isSaid = core->user != static_cast<ngx_uid_t>(NGX_CONF_UNSET_UINT);
    const passwd* user = isSaid ? getpwuid(core->user) : getpwnam(NGX_USER);
    return user != nullptr ? std::optional(*user) : std::nullopt;
}

/// Groups that are not the user's first one are left out of account: "surely".
bool isSurelyClosed(ngx_conf_t* cf, const std::string& folder) {
    struct stat status;
    if (stat(folder.c_str(), &status) != 0) {
        return false;  // that was told
    }
    if (geteuid() != 0) {
        return access(folder.c_str(), W_OK | X_OK) != 0;
    }
    const auto user = workersUser(cf);
    if (!user || user->pw_uid == 0) {
        return false;
    }
    constexpr mode_t kOwner = S_IWUSR | S_IXUSR;
    constexpr mode_t kOthers = S_IWGRP | S_IWOTH;
    return status.st_uid == user->pw_uid ? (status.st_mode & kOwner) != kOwner
                                         : (status.st_mode & kOthers) == 0;
}

void checkState(ngx_conf_t* cf, const MainConf& main, const KnowledgeBaseConf& base,
                std::size_t index) {
    const bool isWritten =
        std::any_of(main.knowledgeHandlers.begin(), main.knowledgeHandlers.end(),
                    [&](const auto& one) { return one->takesChanges && one->base == index; });
    const std::string& state = base.source.state;
    const std::string folder = state.substr(0, state.rfind('/') + 1);
    if (isWritten && isSurelyClosed(cf, folder)) {
        warn(cf, base.place,
             "the user of the workers may not write to the directory " + quoted(folder) +
                 ": changes of the knowledge base " + quoted(base.source.name) +
                 " will be refused");
    }
}

}  // namespace

void completeKnowledge(ngx_conf_t* cf, MainConf& conf) {
    for (const auto& use : conf.knowledgeUses) {
        completeBase(cf, conf, *use);
    }
    for (const auto& handler : conf.knowledgeHandlers) {
        completeBase(cf, conf, *handler);
        completeLocation(cf, conf, *handler);
    }
    for (std::size_t i = 0; i < conf.knowledgeBases.size(); i++) {
        checkState(cf, conf, *conf.knowledgeBases[i], i);
    }
}

}  // namespace edgerun::nginx
