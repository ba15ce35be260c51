#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgerun::text {

/// What the rules take a name for; it may be several things.
struct NameKinds {
    bool isHeading = false;
    bool isLabel = false;
    bool isBlock = false;
};

/// Where a name ends in a line.
struct NameEnd {
    std::size_t at;
    NameKinds kinds;
};

/// Finds names at a given place of a line, all of them in one walk: case does not count, blanks
/// are as good as one, and hyphens that do not break are hyphens.
class NameTable {
public:
    void add(std::string_view name, bool NameKinds::*kind);
    /// After the last add().
    void finish();

    /// All that begin at `from`, the shortest first. Time is linear in the part of the line that
    /// is like a name.
    std::vector<NameEnd> namesAt(std::string_view line, std::size_t from) const;

private:
    struct Entry {
        std::u32string name;
        NameKinds kinds;
    };
    /// Entries that begin with what was read so far.
    struct Range {
        std::size_t first, last;
        std::size_t depth = 0;
    };
    bool narrow(Range& range, char32_t letter) const;

    std::vector<Entry> entries_;  ///< sorted
};

}  // namespace edgerun::text
