#pragma once

#include <dirent.h>

#include <memory>

namespace edgerun::store {

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { closedir(directory); }
};

using OpenDirectory = std::unique_ptr<DIR, CloseDirectory>;

}  // namespace edgerun::store
