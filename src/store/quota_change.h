#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "quota_layout.h"

namespace edgerun::store {

/// Words of slots that change together: all, or, if the process dies, none. They are noted in the
/// header first, and once that is done whoever repairs the zone stores them.
class QuotaChange {
public:
    explicit QuotaChange(const QuotaView& view) : view_(view) {}

    /// At most kQuotaLogEntries different ones.
    template <typename Word>
    void set(Word& word, Word value) {
        static_assert(sizeof(Word) == sizeof(std::uint64_t) && std::is_integral_v<Word>);
        note(offsetOf(word), static_cast<std::uint64_t>(value));
    }

    void set(QuotaWindow& window, const QuotaWindow& value) {
        set(window.begin, value.begin);
        set(window.end, value.end);
    }

    /// As it will be.
    std::uint64_t valueOf(const std::uint64_t& word) const;

    void commit();

private:
    template <typename Word>
    std::uint64_t offsetOf(const Word& word) const {
        return static_cast<std::uint64_t>(reinterpret_cast<const char*>(&word) -
                                          reinterpret_cast<const char*>(view_.header));
    }
    QuotaLogEntry* find(std::uint64_t offset) const;
    void note(std::uint64_t offset, std::uint64_t value);

    const QuotaView& view_;
    std::size_t count_ = 0;
};

/// Finishes a change that was noted. (Takes hostile memory.)
void finishNotedChange(const QuotaView& view) noexcept;

}  // namespace edgerun::store
