#include "edgerun/engine/knowledge_file.h"

#include <cerrno>
#include <cstring>

#include "edgerun/text/file.h"

namespace edgerun::engine {

namespace {

struct Newest {
    const std::string& path;
    std::optional<FileStamp> stamp;
};

bool isNone(int error) {
    return error == ENOENT || error == ENOTDIR;
}

Newest lookAt(const KnowledgeSource& source) {
    const auto stamp = store::stampOf(source.state);
    if (stamp || !isNone(errno) || source.state == source.file) {
        return {source.state, stamp};
    }
    return {source.file, store::stampOf(source.file)};
}

}  // namespace

const std::string& newestOf(const KnowledgeSource& source) {
    return lookAt(source).path;
}

std::optional<FileStamp> newestStamp(const KnowledgeSource& source) {
    return lookAt(source).stamp;
}

std::variant<KnowledgeVersion, BadKnowledge> readKnowledge(const KnowledgeSource& source) {
    // The stamp first: what changes while it is read is read again.
    const Newest newest = lookAt(source);
    if (!newest.stamp) {
        const std::string reason = std::strerror(errno);
        return BadKnowledge{{}, false, {"file \"" + newest.path + "\" cannot be read: " + reason}};
    }
    auto read = text::readFile(newest.path, text::KnowledgeBase::kMostBytes);
    if (auto* problem = std::get_if<text::FileProblem>(&read)) {
        return BadKnowledge{*newest.stamp, false, {std::move(problem->message)}};
    }
    auto parsed = text::KnowledgeBase::parse(std::get<text::FileText>(read).bytes);
    if (auto* faults = std::get_if<std::vector<std::string>>(&parsed)) {
        for (std::string& fault : *faults) {
            fault.insert(0, "file \"" + newest.path + "\": ");
        }
        return BadKnowledge{*newest.stamp, true, std::move(*faults)};
    }
    return KnowledgeVersion{std::move(std::get<std::shared_ptr<const text::KnowledgeBase>>(parsed)),
                            *newest.stamp};
}

}  // namespace edgerun::engine
