#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/store/open_file.h"

/// A file that several processes read whole, and change by putting another in its place. What
/// blocks is not for an event loop.
namespace edgerun::store {

/// Tells two versions of a file apart: one that takes another's place has another inode.
struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t modified = 0;  ///< ns
    std::uint64_t size = 0;
    bool operator==(const FileStamp& other) const {
        return device == other.device && inode == other.inode && modified == other.modified &&
               size == other.size;
    }
};

/// Of what the path names now, through links. nullopt if it cannot be told (errno is left). One
/// system call.
std::optional<FileStamp> stampOf(const std::string& path);

/// For whoever is to replace that file: a lock on PATH.lock, which stays there. False inside, with
/// errno, if it cannot be had; EWOULDBLOCK while another has it. Does not wait.
OpenFile lockFile(const std::string& path);

struct FileReplaced {
    bool isDone = false;  ///< it is in its place; with an error, not after a power cut, perhaps
    int error = 0;        ///< errno, or 0
    std::string_view what = {};  ///< "create a file beside", "write", ...; static
    FileStamp stamp{};           ///< of the new file
};

/// Puts a file of these bytes in the place of the one that the path names (through links), or makes
/// it. To be called with lockFile(path) held. A crash at any moment leaves the old one or the new
/// one whole; when this returns without an error, the new one is on the disk.
/// Rights are those of the former file, 0640 for a first one; its time is later than the former's,
/// whatever the clock says, so that stamps never come again. Removes what earlier calls that
/// ended in a crash have left beside it.
FileReplaced replaceFile(const std::string& path, std::string_view bytes);

}  // namespace edgerun::store
