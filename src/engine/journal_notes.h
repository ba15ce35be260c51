#pragma once

#include <string>
#include <vector>

#include "edgerun/loop/ngx.h"

namespace edgerun::engine {

/// What a thread has to say; the event loop logs it.
struct JournalNote {
    ngx_uint_t level;
    int error;  ///< errno, or 0
    std::string text;
};

using JournalNotes = std::vector<JournalNote>;

}  // namespace edgerun::engine
