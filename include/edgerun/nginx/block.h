#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/problems.h"

namespace edgerun::nginx {

/// One kind of line in a block of ours.
template <typename Draft>
struct BlockEntry {
    std::string_view name;
    std::size_t least;  ///< arguments
    std::size_t most;
    bool isRepeatable;
    /// Returns what is wrong and what to write instead, or nothing.
    std::string (*read)(ngx_conf_t* cf, Draft& draft, const Arguments& arguments);
};

/// Reads the lines of a block { } by tables. What is wrong with them goes to the problems.
class Block {
public:
    Block(std::string_view directive, Problems& problems)
        : directive_(directive), problems_(problems) {}

    /// These lines may stand in it. `draft` must outlive the block.
    template <typename Draft, std::size_t N>
    void take(const std::array<BlockEntry<Draft>, N>& entries, Draft& draft) {
        for (const BlockEntry<Draft>& entry : entries) {
            kinds_.push_back({entry.name, entry.least, entry.most, entry.isRepeatable,
                              [&draft, read = entry.read](ngx_conf_t* cf, const Arguments& words) {
                                  return read(cf, draft, words);
                              }});
        }
    }

    /// Up to its "}". NGX_CONF_OK unless NGINX itself refused something.
    char* read(ngx_conf_t* cf);

    /// Where such a line stands, the first one, good or not; null if there is none.
    const Place* placeOf(std::string_view name) const;
    Problems& problems() const { return problems_; }

private:
    struct Kind {
        std::string_view name;
        std::size_t least;
        std::size_t most;
        bool isRepeatable;
        std::function<std::string(ngx_conf_t* cf, const Arguments& arguments)> read;
    };
    struct Line {
        std::string_view name;
        Place place;
    };

    static char* onLine(ngx_conf_t* cf, ngx_command_t* cmd, void* self) noexcept;
    void readLine(ngx_conf_t* cf);
    const Kind* kindNamed(std::string_view name) const;
    std::string unknownName(std::string_view name) const;

    std::string_view directive_;
    Problems& problems_;
    std::vector<Kind> kinds_;
    std::vector<Line> lines_;
};

}  // namespace edgerun::nginx
