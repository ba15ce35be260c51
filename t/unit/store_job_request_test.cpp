#include "edgerun/store/job_request.h"

#include <gtest/gtest.h>

namespace edgerun::store {

namespace {

JobRequest fullRequest() {
    JobRequest request;
    request.query = std::string("what\0is it", 10);
    request.queryCut = true;
    request.threadId = "thread_1";
    request.metadata = R"({"a":1})";
    request.assistant = "asst_\xc3\xa9";
    request.user = "eve";
    request.work = R"({"round":2})";
    request.context = "\n\n# What is known\n";
    request.knowledge = R"(["a1"])";
    request.sanitizer = "default";
    return request;
}

TEST(JobRequestTest, SurvivesItsEncoding) {
    const JobRequest request = fullRequest();
    const auto decoded = decodeJobRequest(encodeJobRequest(request));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->query, request.query);
    EXPECT_TRUE(decoded->queryCut);
    EXPECT_EQ(decoded->threadId, request.threadId);
    EXPECT_EQ(decoded->metadata, request.metadata);
    EXPECT_EQ(decoded->assistant, request.assistant);
    EXPECT_EQ(decoded->user, request.user);
    EXPECT_EQ(decoded->work, request.work);
    EXPECT_EQ(decoded->context, request.context);
    EXPECT_EQ(decoded->knowledge, request.knowledge);
    EXPECT_EQ(decoded->sanitizer, request.sanitizer);
}

TEST(JobRequestTest, AnEmptyOneSurvivesToo) {
    const auto decoded = decodeJobRequest(encodeJobRequest({}));
    ASSERT_TRUE(decoded);
    EXPECT_TRUE(decoded->query.empty());
    EXPECT_FALSE(decoded->queryCut);
}

/// As requests were encoded before they had rules of their own.
std::string formerEncoding(JobRequest request) {
    request.context = request.knowledge = request.sanitizer = "";
    std::string bytes = encodeJobRequest(request);
    bytes.resize(bytes.size() - 3 * sizeof(std::uint32_t));
    return bytes;
}

/// As they were before they had a user and work.
std::string firstEncoding(JobRequest request) {
    request.user = request.work = "";
    std::string bytes = formerEncoding(std::move(request));
    bytes.resize(bytes.size() - 2 * sizeof(std::uint32_t));
    return bytes;
}

TEST(JobRequestTest, TheFormerEncodingIsRead) {
    const auto decoded = decodeJobRequest(formerEncoding(fullRequest()));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->user, fullRequest().user);
    EXPECT_EQ(decoded->work, fullRequest().work);
    EXPECT_EQ(decoded->sanitizer, "");
}

TEST(JobRequestTest, TheFirstEncodingIsRead) {
    const auto decoded = decodeJobRequest(firstEncoding(fullRequest()));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->query, fullRequest().query);
    EXPECT_EQ(decoded->assistant, fullRequest().assistant);
    EXPECT_EQ(decoded->user, "");
    EXPECT_EQ(decoded->work, "");
}

TEST(JobRequestTest, NoOtherPrefixIsAnEncoding) {
    const std::string bytes = encodeJobRequest(fullRequest());
    const std::size_t former = formerEncoding(fullRequest()).size();
    const std::size_t first = firstEncoding(fullRequest()).size();
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_EQ(decodeJobRequest(std::string_view(bytes).substr(0, length)).has_value(),
                  length == former || length == first)
            << length;
    }
}

TEST(JobRequestTest, MoreBytesOrABadFlagAreNoEncoding) {
    std::string bytes = encodeJobRequest(fullRequest());
    EXPECT_FALSE(decodeJobRequest(bytes + "x"));
    bytes[0] = 2;
    EXPECT_FALSE(decodeJobRequest(bytes));
}

TEST(JobRequestTest, ALengthBeyondTheEndIsNoEncoding) {
    std::string bytes = encodeJobRequest({});
    bytes.replace(1, 4, "\xff\xff\xff\xff");
    EXPECT_FALSE(decodeJobRequest(bytes));
}

}  // namespace

}  // namespace edgerun::store
