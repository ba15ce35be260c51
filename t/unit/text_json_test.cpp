#include <gtest/gtest.h>

#include "edgerun/text/json.h"
#include "edgerun/text/utf8.h"

namespace edgerun::text {
namespace {

constexpr JsonLimits kLimits{1U << 20, 32};

std::string nested(std::size_t depth, const char* open, const char* close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) {
        text += open;
    }
    for (std::size_t i = 0; i < depth; ++i) {
        text += close;
    }
    return text;
}

TEST(Json, ParsesAnyWholeValue) {
    for (const char* text :
         {"{}", "[]", "\"x\"", "1", "-1.5e3", "true", "null", " {\"a\":[1]} \n"}) {
        EXPECT_TRUE(parseJson(text, kLimits)) << text;
    }
}

TEST(Json, TellsTheLineAndTheReasonOfWhatItRefuses) {
    const auto parsed = parseJsonOrTell("{\n  \"a\": 1,\n  \"b\": ,\n}", kLimits);
    const auto* fault = std::get_if<JsonFault>(&parsed);
    ASSERT_NE(fault, nullptr);
    EXPECT_EQ(fault->line, 3U);
    EXPECT_EQ(fault->message, "unexpected token near ','");
    EXPECT_TRUE(std::holds_alternative<JsonPtr>(parseJsonOrTell("{}", kLimits)));
}

TEST(Json, TellsAReasonOfOneLineOfUtf8WhateverStandsThere) {
    const std::string_view bad[] = {"",
                                    "\x1b[31m",
                                    "{\"a\": \n\t\x01}",
                                    "\xff\xfe",
                                    "\"\xe9",
                                    "{\xe2\x82",
                                    "{\"tex\\u107\xc5\x8b\xdd\xc5\"\""};
    for (const std::string_view text : bad) {
        const auto parsed = parseJsonOrTell(text, kLimits);
        const auto* fault = std::get_if<JsonFault>(&parsed);
        ASSERT_NE(fault, nullptr) << text;
        EXPECT_FALSE(fault->message.empty());
        EXPECT_GE(fault->line, 1U);
        EXPECT_TRUE(isValidUtf8(fault->message)) << text;
        for (const char c : fault->message) {
            EXPECT_GE(static_cast<unsigned char>(c), ' ') << text;
        }
    }
    const auto deep = parseJsonOrTell(nested(33, "[", "]"), kLimits);
    EXPECT_EQ(std::get<JsonFault>(deep).message, "it is too large, or nested too deeply");
}

TEST(Json, ShowsInAReasonNoControlCharactersEitherOfThoseAboveAscii) {
    const auto messageOf = [](std::string_view text) {
        return std::get<JsonFault>(parseJsonOrTell(text, kLimits)).message;
    };
    EXPECT_EQ(messageOf("[\"\xC3\xA4\x7F\" 1]"), "']' expected near '1'");
    EXPECT_EQ(messageOf("[x \"\xC3\xA4\"]"), "invalid token near 'x'");
    EXPECT_EQ(messageOf("{\"a\" \"\xC3\xA4\"}"), "':' expected near '\"\xC3\xA4\"'");
    EXPECT_EQ(messageOf("{\"a\" \"\x7F\xC2\x85\xC3\xA4\"}"), "':' expected near '\" ????\"'");
}

TEST(Json, RefusesWhatRfc8259DoesNotAllowAndWhatParsersDisagreeOn) {
    const std::string_view bad[] = {
        "",
        " ",
        "{",
        "{} x",
        "{}{}",
        "{'a':1}",
        "{\"a\":1,}",
        "[1,]",
        "{a:1}",
        "NaN",
        "Infinity",
        "01",
        "1.",
        "+1",
        "9223372036854775808",
        "1e400",
        "\"a",
        "\"\\x\"",
        "\"tab\there\"",
        "\xEF\xBB\xBF{}",
        "\"\xC0\x80\"",
        "\"\xED\xA0\x80\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\u0000\"",
        "{\"\\u0000\":1}",
        "{\"role\":1,\"role\":2}",
        "{\"role\":1,\"rol\\u0065\":2}",
        "{\"x\":{\"a\":1,\"a\":1}}",
        std::string_view("{}\0", 3),
        std::string_view("\"a\0b\"", 5),
        "/**/{}",
    };
    for (const std::string_view text : bad) {
        EXPECT_FALSE(parseJson(text, kLimits)) << text;
    }
}

TEST(Json, RefusesMoreBytesThanAllowed) {
    EXPECT_TRUE(parseJson("[10]", {4, 32}));
    EXPECT_FALSE(parseJson("[100]", {4, 32}));
}

TEST(Json, RefusesMoreValuesThanAllowed) {
    const JsonLimits limits{1000, 32, 4};
    EXPECT_NE(parseJson("[1,2,3]", limits), nullptr);
    EXPECT_EQ(parseJson("[1,2,3,4]", limits), nullptr);
    EXPECT_EQ(parseJson(R"({"a":[{},{}]})", limits), nullptr);
    EXPECT_NE(parseJson(R"([",,,,[[[["])", limits), nullptr);
}

TEST(Json, RefusesDeeperNestingThanAllowed) {
    const std::pair<const char*, const char*> kinds[] = {{"[", "]"}, {"{\"a\":[", "]}"}};
    for (const auto& [open, close] : kinds) {
        const std::size_t levels = std::string_view(open).size() == 1 ? 1 : 2;
        EXPECT_TRUE(parseJson(nested(32 / levels, open, close), kLimits));
        EXPECT_FALSE(parseJson(nested(32 / levels + 1, open, close), kLimits));
    }
    EXPECT_FALSE(parseJson(std::string(500'000, '['), kLimits));
}

TEST(Json, CountsOpenBracketsOnlyOutsideStringsAndOnlyWhileOpen) {
    EXPECT_TRUE(parseJson("[\"[[[[\",\"\\\"[[\\\\\",\"{{{{\"]", {1000, 1}));
    EXPECT_TRUE(parseJson("[[],[],[],{}]", {1000, 2}));
    EXPECT_TRUE(parseJson("[\"\\\\\",[[]]]", {1000, 3}));
    EXPECT_FALSE(parseJson("[\"\\\\\",[[]]]", {1000, 2}));
}

TEST(Json, TakesLinearTimeForBackslashesAndQuotes) {
    std::string text = "[";
    for (int i = 0; i < 100'000; ++i) {
        text += "\\\\\\\"\"";
    }
    EXPECT_FALSE(parseJson(text, kLimits));
    EXPECT_FALSE(parseJson("\"" + std::string(1'000'000, '\\'), kLimits));
}

TEST(Json, ReadsStringsAndIntegersOnlyWhereTheyAreSuch) {
    const JsonPtr parsed =
        parseJson(R"({"s":"text","e":"","i":-7,"r":1.0,"n":null,"o":{}})", kLimits);
    const json_t* object = parsed.get();
    EXPECT_EQ(stringMember(object, "s"), "text");
    EXPECT_EQ(stringMember(object, "e"), "");
    EXPECT_EQ(integerMember(object, "i"), -7);
    for (const char* name : {"i", "r", "n", "o", "absent"}) {
        EXPECT_FALSE(stringMember(object, name)) << name;
    }
    for (const char* name : {"s", "r", "n", "o", "absent"}) {
        EXPECT_FALSE(integerMember(object, name)) << name;
    }
    EXPECT_FALSE(stringMember(nullptr, "s"));
    EXPECT_FALSE(stringMember(json_object_get(object, "s"), "s"));
    EXPECT_EQ(stringOf(json_object_get(object, "s")), "text");
    EXPECT_EQ(stringOf(json_object_get(object, "i")), "");
    EXPECT_EQ(stringOf(nullptr), "");
}

TEST(Json, DumpsCompactlyWithUtf8AsItIs) {
    const JsonPtr parsed = parseJson(R"( { "b" : [ 1, "ü\n" ] , "a" : null } )", kLimits);
    EXPECT_EQ(dumpJson(parsed.get()), "{\"b\":[1,\"ü\\n\"],\"a\":null}");
    EXPECT_EQ(dumpJson(parseJson("true", kLimits).get()), "true");
    EXPECT_EQ(dumpJson(nullptr), "");
}

std::string jsonString(std::string_view text) {
    std::string out;
    appendJsonString(out, text);
    return out;
}

TEST(JsonString, EscapesQuotesBackslashesAndControlCharactersAndNothingElse) {
    EXPECT_EQ(jsonString(""), "\"\"");
    EXPECT_EQ(jsonString("a\"b\\c/d"), R"("a\"b\\c/d")");
    EXPECT_EQ(jsonString("\b\f\n\r\t"), R"("\b\f\n\r\t")");
    EXPECT_EQ(jsonString(std::string_view("\0\x01\x1F\x7F", 4)), "\"\\u0000\\u0001\\u001f\x7F\"");
    EXPECT_EQ(jsonString("ü世\xE2\x80\xA8\xE2\x80\xA9"), "\"ü世\xE2\x80\xA8\xE2\x80\xA9\"");
}

TEST(JsonString, ReadsBackAsTheSameTextForEveryCharacterAtEveryPlace) {
    for (int byte = 1; byte < 0x80; ++byte) {
        for (std::size_t at = 0; at < 20; ++at) {
            std::string text = "0123456789 abcdefghi";
            text[at] = static_cast<char>(byte);
            const JsonPtr parsed = parseJson(jsonString(text), kLimits);
            ASSERT_EQ(stringOf(parsed.get()), text) << byte << " at " << at;
        }
    }
}

TEST(JsonString, AppendsAfterWhatIsThere) {
    std::string out = "x";
    appendJsonString(out, "y");
    EXPECT_EQ(out, "x\"y\"");
}

TEST(JsonObjectWriter, WritesOneObjectMemberByMember) {
    std::string out;
    JsonObjectWriter writer(out);
    writer.string("s", "a\"b");
    writer.integer("min", INT64_MIN);
    writer.integer("i", 0);
    writer.boolean("t", true);
    writer.boolean("f", false);
    writer.raw("r", "[1,2]");
    writer.finish();
    EXPECT_EQ(out, R"({"s":"a\"b","min":-9223372036854775808,"i":0,"t":true,"f":false,"r":[1,2]})");
}

TEST(JsonObjectWriter, WritesAnEmptyObject) {
    std::string out;
    JsonObjectWriter(out).finish();
    EXPECT_EQ(out, "{}");
}

}  // namespace
}  // namespace edgerun::text
