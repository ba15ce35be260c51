#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Markdown, as far as it stands around the names of sections.
namespace edgerun::text {

/// What may stand before a name: "## **1. ".
struct Opener {
    std::size_t indent = 0;
    std::size_t end = 0;   ///< the name would begin here
    std::string emphasis;  ///< marks that are open there, "**_"
};

/// nullopt: the line is indented as code.
std::optional<Opener> readOpener(std::string_view line);

/// Is there nothing behind a name that ends at `at` but marks, a colon or a dash?
bool standsAlone(std::string_view line, std::size_t at, std::string emphasis);

/// What stays of a line when its label has gone.
struct LabelEnd {
    std::size_t at = 0;    ///< where the rest begins
    std::string emphasis;  ///< marks that are still open: they belong to the rest
};

/// Where a colon or a dash follows a name that ends at `at`; nullopt if none does. A hyphen
/// and an en dash within a word ("Red Team-led") are none.
std::optional<LabelEnd> readLabelEnd(std::string_view line, std::size_t at, std::string emphasis);

/// Does a colon or a dash stand at the end of it?
bool endsWithSeparator(std::string_view name);

/// "```" or "~~~" around code.
struct Fence {
    char mark = 0;
    std::size_t length = 0;
};

std::optional<Fence> openedFence(std::string_view line);
bool closes(std::string_view line, const Fence& fence);

/// "====" or "----" alone: it makes the line before it a heading.
bool isUnderline(std::string_view line);

}  // namespace edgerun::text
