#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace edgerun::text {

/// How much regexes may do in all: one unit for each item of a pattern that is tried, and one for
/// each byte that it goes over. PCRE2's own limits are for each place at which a match may begin,
/// and there may be a million of these.
struct RegexWork {
    std::size_t left = 0;
};

/// One of the rules' regexes.
class RemovalRegex {
public:
    /// Else why it does not compile, and where.
    static std::variant<RemovalRegex, std::string> compile(const std::string& pattern);
    ~RemovalRegex();
    RemovalRegex(RemovalRegex&&) noexcept;
    RemovalRegex& operator=(RemovalRegex&&) noexcept;

    /// `text`, which must be valid UTF-8, without what matches; empty matches are none. nullopt
    /// when it reached a limit, or the end of `work`.
    std::optional<std::string> removeFrom(std::string_view text, RegexWork& work) const;

private:
    struct Code;
    explicit RemovalRegex(std::unique_ptr<Code> code);
    std::unique_ptr<Code> code_;
};

}  // namespace edgerun::text
