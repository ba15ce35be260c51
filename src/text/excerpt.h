#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace edgerun::text {

/// One line of about 200 code points around the place, or nearly from the beginning; "..." where
/// it goes on. Words stay whole where they are not too long. `text` is valid UTF-8.
std::string excerptAt(std::string_view text, std::size_t at);

}  // namespace edgerun::text
