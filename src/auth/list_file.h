#pragma once

#include <jansson.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "edgerun/auth/file_fault.h"

namespace edgerun::auth {

/// The JSON object of one line, and where its faults go.
class ListEntry {
public:
    ListEntry(json_t* object, std::size_t line, FileFaults& faults)
        : object_(object), line_(line), faults_(faults) {}

    json_t* object() const { return object_; }
    /// Null when absent.
    const json_t* member(const char* name) const { return json_object_get(object_, name); }
    std::size_t line() const { return line_; }
    void addFault(std::string message) { faults_.push_back({line_, std::move(message)}); }

private:
    json_t* object_;
    std::size_t line_;
    FileFaults& faults_;
};

/// Reads a file of one JSON object a line (LF or CRLF); blank lines and lines that begin with "#"
/// do not count. `take` gets each object; what it does not like it adds to the entry's faults.
/// Returns the faults in the order of the lines; after the first thousand it looks no further.
FileFaults readListFile(std::string_view text, const std::function<void(ListEntry&)>& take);

}  // namespace edgerun::auth
