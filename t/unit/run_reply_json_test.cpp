#include <gtest/gtest.h>

#include "edgerun/run/reply_json.h"

namespace edgerun::run {
namespace {

struct EscapeRow {
    std::string_view json;
    std::string_view text;
};

std::optional<std::string> textOf(std::string_view json) {
    const text::JsonPtr value = parseReply(json, {json.size()});
    return value ? std::optional(std::string(text::stringOf(value.get()))) : std::nullopt;
}

TEST(ReplyJson, HasAReplacementForEachEscapeThatNamesNoCharacter) {
    const EscapeRow rows[] = {
        {R"("a\u0000b")", "a\uFFFDb"},
        {R"("\u0000\u0000")", "\uFFFD\uFFFD"},
        {R"("\ud83d")", "\uFFFD"},
        {R"("\uDE00!")", "\uFFFD!"},
        {R"("\ud83dx\ude00")", "\uFFFDx\uFFFD"},
        {R"("\ud83d\u0041")", "\uFFFDA"},
        {R"("\ud83d\ud83d\ude00")", "\uFFFD\U0001F600"},
        {R"("\ud83d\n\u0000")", "\uFFFD\n\uFFFD"},
        {R"("\ud83d\\ude00")", "\uFFFD\\ude00"},
    };
    for (const EscapeRow& row : rows) {
        EXPECT_EQ(textOf(row.json), row.text) << row.json;
    }
}

TEST(ReplyJson, LeavesEverythingElseAsItIs) {
    const EscapeRow rows[] = {
        {R"("\u0041\ud83d\ude00\uFFFF")", "A\U0001F600\uFFFF"},
        {R"("\\u0000")", "\\u0000"},
        {R"("\\u0000\u0000")", "\\u0000\uFFFD"},
        {R"("\\\\ud83d\u0000")", "\\\\ud83d\uFFFD"},
        {R"("\"\ud83d\ude00\u0000")", "\"\U0001F600\uFFFD"},
    };
    for (const EscapeRow& row : rows) {
        EXPECT_EQ(textOf(row.json), row.text) << row.json;
    }
}

TEST(ReplyJson, RefusesWhatIsNoJsonAllTheSame) {
    for (const std::string_view json :
         {R"("\u0000)", R"("\u000)", R"("\u00)", R"("\u")", R"(\u0000)", R"("\u0000" x)", R"("\)",
          R"("\u0000\x")", R"("\ud83d\)", R"("\ud83d\u)", R"("\u-001")", R"("\u0x1f")",
          R"({"a\u0000":1,"a\ufffd":2})", "\"\\u0000\xFF\""}) {
        EXPECT_EQ(textOf(json), std::nullopt) << json;
    }
}

TEST(ReplyJson, KeepsToItsLimits) {
    EXPECT_EQ(parseReply(R"([["\u0000"]])", {64, 1}), nullptr);
    EXPECT_EQ(parseReply(R"(["\u0000",1,2])", {64, 32, 2}), nullptr);
    EXPECT_EQ(parseReply(R"("\u0000")", {4}), nullptr);
}

}  // namespace
}  // namespace edgerun::run
