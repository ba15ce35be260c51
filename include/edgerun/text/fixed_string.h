#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace edgerun::text {

/// A string of at most N bytes that lives inside a plain record: no pointers,
/// so it may stand in shared memory and be copied byte by byte.
template <std::size_t N>
class FixedString {
    static_assert(N <= UINT16_MAX);

public:
    /// False, and unchanged, when the text is longer than N bytes.
    bool assign(std::string_view text) {
        if (text.size() > N) {
            return false;
        }
        length_ = static_cast<std::uint16_t>(text.size());
        std::memcpy(bytes_, text.data(), text.size());
        return true;
    }

    void clear() { length_ = 0; }
    bool empty() const { return length_ == 0; }

    /// Never longer than N, whatever stands in the memory.
    std::string_view view() const { return {bytes_, length_ <= N ? length_ : N}; }

private:
    std::uint16_t length_ = 0;
    char bytes_[N] = {};
};

}  // namespace edgerun::text
