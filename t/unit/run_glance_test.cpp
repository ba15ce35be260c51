#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "edgerun/run/run_glance.h"
#include "edgerun/text/json.h"

namespace edgerun::run {
namespace {

TEST(RunGlance, FindsTheMembersOfAPlainRun) {
    for (const char* body : {
             R"({"id":"run_1","thread_id":"t","status":"queued"})",
             R"( {"status" : "queued" , "thread_id" : "t", "id" : "run_1" } )",
             R"({"instructions":"\"status\":\"completed\"","id":"run_1","thread_id":"t",)"
             R"("status":"queued"})",
             R"({"x":{"id":"a","status":"completed","l":["}","]","\\"]},"n":-1.5e3,"z":null,)"
             R"("id":"run_1","b":true,"thread_id":"t","e":[],"status":"queued","o":{}})",
         }) {
        const std::optional<RunGlance> glance = glanceAtRun(body);
        ASSERT_TRUE(glance) << body;
        EXPECT_EQ(glance->id, "run_1");
        EXPECT_EQ(glance->threadId, "t");
        EXPECT_EQ(glance->status, "queued");
    }
}

TEST(RunGlance, CanDoWithoutAThread) {
    const auto glance = glanceAtRun(R"({"id":"run_1","status":"queued"})");
    ASSERT_TRUE(glance);
    EXPECT_EQ(glance->threadId, "");
}

TEST(RunGlance, LeavesWhateverIsNotPlainToTheParser) {
    for (const char* body : {
             "",
             " ",
             "{",
             "{}",
             "[]",
             "null",
             R"("id")",
             R"({"id":"run_1"})",
             R"({"status":"queued"})",
             R"({"id":7,"status":"queued"})",
             R"({"id":null,"status":"queued"})",
             R"({"id":"run_1","status":["queued"]})",
             R"({"id":"","status":"queued"})",
             R"({"id":"run_1","thread_id":null,"status":"queued"})",
             R"({"id":"run_1","status":"queued","status":"completed"})",
             R"({"id":"run_1","status":"qu\u0065ued"})",
             R"({"id":"run_1","status":"queued","st\u0061tus":"completed"})",
             R"({"id":"run_1","status":"queued"} x)",
             R"({"id":"run_1","status":"queued",})",
             R"({"id":"run_1","status":"queued")",
             R"({"id":"run_1","status":"queued","x":"})",
             R"({"id":"run_1","status":"queued","x":"\"})",
             R"({"id":"run_1","status":"queued","x":{})",
             R"({"id":"run_1" "status":"queued"})",
             R"({"id" "run_1","status":"queued"})",
             R"({"id":"run_1)",
             R"({"id)",
         }) {
        EXPECT_FALSE(glanceAtRun(body)) << body;
    }
}

/// A mutated run: whatever both take, both read alike.
TEST(RunGlance, AgreesWithTheParser) {
    const std::string run =
        R"({"id":"run_1","l":[{"status":"a"},"\\\""],"thread_id":"t","n":1,"status":"queued"})";
    constexpr std::string_view kBytes = "\"\\{}[]:, idstau_1x";
    std::mt19937 random(7);
    int agreed = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string body = run;
        for (unsigned n = 1 + random() % 3; n > 0; --n) {
            body[random() % body.size()] = kBytes[random() % kBytes.size()];
        }
        // Exactly as long as the text, so that a sanitizer sees a read beyond it.
        const auto exact = std::make_unique<char[]>(body.size());
        body.copy(exact.get(), body.size());
        const std::string_view view(exact.get(), body.size());
        const std::optional<RunGlance> glance = glanceAtRun(view);
        const text::JsonPtr parsed = text::parseJson(view, {view.size()});
        if (glance && parsed) {
            EXPECT_EQ(text::stringMember(parsed.get(), "id"), glance->id) << body;
            EXPECT_EQ(text::stringMember(parsed.get(), "status"), glance->status) << body;
            EXPECT_EQ(text::stringMember(parsed.get(), "thread_id").value_or(""), glance->threadId)
                << body;
            ++agreed;
        }
    }
    EXPECT_GT(agreed, 1'000);
}

}  // namespace
}  // namespace edgerun::run
