#pragma once

#include <cstddef>
#include <string>
#include <variant>

namespace edgerun::text {

struct FileText {
    std::string bytes;
    bool isOpenToOthers = false;  ///< its group or everybody may read or write it
};

struct FileProblem {
    std::string message;  ///< names the file: "file \"...\" cannot be read: ..."
};

/// The whole of a regular file of at most `maxBytes`. Never waits (for a pipe's other end, say).
std::variant<FileText, FileProblem> readFile(const std::string& path, std::size_t maxBytes);

}  // namespace edgerun::text
