#pragma once

#include <string_view>

#include "edgerun/text/json.h"

namespace edgerun::run {

/// What a provider wrote, as text::parseJson() reads it. But models write "\u0000" and halves of
/// surrogate pairs at times, which no text can hold: U+FFFD stands for each, rather than that an
/// answer is lost that has been paid.
text::JsonPtr parseReply(std::string_view body, text::JsonLimits limits);

}  // namespace edgerun::run
