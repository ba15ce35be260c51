#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "edgerun/engine/knowledge_file.h"
#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/directives.h"
#include "edgerun/nginx/parameters.h"
#include "thread_pool.h"
#include "zone_parameters.h"

namespace edgerun::nginx {

namespace {

/// A relative path counts from the configuration's folder, or from NGINX's prefix. nullopt if it
/// can be none.
std::optional<std::string> wholePath(ngx_conf_t* cf, std::string_view path, bool fromConf) {
    ngx_str_t name = loop::asNgx(path);
    if (path.empty() || !isPrintable(path) ||
        ngx_conf_full_name(cf->cycle, &name, fromConf ? 1 : 0) != NGX_OK) {
        return std::nullopt;
    }
    return std::string(loop::view(name));
}

std::string readState(ngx_conf_t* cf, std::string_view value, engine::KnowledgeSource& source) {
    const auto path = wholePath(cf, value, false);
    if (!path) {
        return "\"state\" must be a file, for example "
               "\"state=/var/lib/nginx/knowledge/product.json\", not " +
               quoted(value);
    }
    source.state = *path;
    return {};
}

constexpr std::array<Parameter<engine::KnowledgeSource>, 1> kParameters{{{"state", readState}}};

std::string readLine(ngx_conf_t* cf, engine::KnowledgeSource& source) {
    const Arguments arguments = argumentsOf(cf);
    if (!isPlainName(arguments[0])) {
        return "the name of an \"edgerun_knowledge_base\" must be letters, digits, \"_\", \"-\" "
               "and \".\", not " +
               quoted(arguments[0]);
    }
    source.name = arguments[0];
    const auto file = wholePath(cf, arguments[1], true);
    if (!file) {
        return "\"edgerun_knowledge_base\" needs a file, not " + quoted(arguments[1]);
    }
    source.file = *file;
    Parameters parameters("\"edgerun_knowledge_base\" ",
                          "NAME FILE and state=PATH, for example \"edgerun_knowledge_base product "
                          "knowledge.json state=/var/lib/nginx/knowledge/product.json\"");
    parameters.take(kParameters, source);
    std::string fault = parameters.read(cf, arguments, 2);
    if (source.state.empty()) {
        source.state = source.file;
    }
    return fault;
}

/// However they are spelt: each has a lock file beside it.
bool isSameFile(const std::string& one, const std::string& other) {
    return one == other || (!trueName(one).empty() && trueName(one) == trueName(other));
}

std::string checkOthers(const MainConf& main, const engine::KnowledgeSource& source) {
    for (const auto& other : main.knowledgeBases) {
        if (other->source.name == source.name) {
            return "edgerun_knowledge_base " + quoted(source.name) + " is duplicate";
        }
        if (isSameFile(other->source.state, source.state)) {
            return "the knowledge bases " + quoted(other->source.name) + " and " +
                   quoted(source.name) + " would both be written to " + quoted(source.state) +
                   "; give each a state=PATH of its own";
        }
    }
    return {};
}

bool isFolder(const std::string& path) {
    struct stat status;
    return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// Without the slash at its end.
std::string folderOf(const std::string& path) {
    return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

/// NGINX makes it at its start. One that is there must not be told to NGINX, which would give it to
/// the workers' user. All states may share one, and nothing else. What is wrong, or nothing.
std::string takeFolder(ngx_conf_t* cf, MainConf& main, const engine::KnowledgeSource& source) {
    const std::string folder = folderOf(source.state);
    if (isFolder(folder)) {
        return {};
    }
    const bool canBeMade = access(folder.c_str(), F_OK) != 0 && isFolder(folderOf(folder));
    if (canBeMade && addDirectory(cf, folder, &main)) {
        return {};
    }
    return "the directory of " + quoted(source.state) + ", to which the knowledge base " +
           quoted(source.name) +
           " is to be written, cannot be made; make it, and give it to the user of the workers";
}

/// What clients have changed stands; whoever edits FILE afterwards should know it.
void warnIfPassedOver(ngx_conf_t* cf, const engine::KnowledgeSource& source) {
    const auto file = store::stampOf(source.file);
    const bool isPassedOver =
        source.state != source.file && engine::newestOf(source) == source.state;
    if (isPassedOver && file && file->modified > source.stamp.modified) {
        warn(cf, "the file " + quoted(source.file) + " of the knowledge base " +
                     quoted(source.name) + " is newer than its state " + quoted(source.state) +
                     ", which counts; remove the state to begin with the file again");
    }
}

/// Names all that is wrong with the file. False if anything is.
bool readBase(ngx_conf_t* cf, MainConf& main, engine::KnowledgeSource& source) {
    auto read = engine::readKnowledge(source);
    if (const auto* bad = std::get_if<engine::BadKnowledge>(&read)) {
        for (const std::string& fault : bad->faults) {
            main.problems.add(cf, "edgerun_knowledge_base " + quoted(source.name) + ": " + fault);
        }
        return false;
    }
    auto& version = std::get<engine::KnowledgeVersion>(read);
    source.base = std::move(version.base);
    source.stamp = version.stamp;
    return true;
}

void completeBase(ngx_conf_t* cf, MainConf& main, engine::KnowledgeSource& source) {
    if (const std::string fault = takeFolder(cf, main, source); !fault.empty()) {
        main.problems.add(cf, fault);
    }
    if (readBase(cf, main, source)) {
        warnIfPassedOver(cf, source);
    }
}

}  // namespace

char* setKnowledgeBase(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept {
    return contain(cf->log, confFailure(), [&]() -> char* {
        auto& main = *static_cast<MainConf*>(conf);
        auto base = std::make_unique<KnowledgeBaseConf>();
        base->place = placeOf(cf);
        std::string fault = readLine(cf, base->source);
        if (fault.empty()) {
            fault = checkOthers(main, base->source);
        }
        if (!findThreadPool(cf, "edgerun_knowledge", base->source.pool)) {
            return confFailure();  // NGINX has said why
        }
        if (fault.empty()) {
            completeBase(cf, main, base->source);
        } else {
            main.problems.add(cf, fault);
        }
        main.knowledgeBases.push_back(std::move(base));  // though wrong, it has a name
        return NGX_CONF_OK;
    });
}

}  // namespace edgerun::nginx
