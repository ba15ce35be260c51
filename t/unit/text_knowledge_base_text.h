#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edgerun/text/knowledge_base.h"

namespace edgerun::text {

using KnowledgePtr = std::shared_ptr<const KnowledgeBase>;
using KnowledgeResult = std::variant<KnowledgePtr, std::vector<std::string>>;

/// In one text, a line each; empty if there are none.
inline std::string mistakesIn(const KnowledgeResult& result) {
    std::string all;
    if (const auto* mistakes = std::get_if<std::vector<std::string>>(&result)) {
        for (const std::string& mistake : *mistakes) {
            all += mistake + "\n";
        }
    }
    return all;
}

inline KnowledgePtr baseIn(const KnowledgeResult& result) {
    EXPECT_EQ(mistakesIn(result), "");
    const auto* base = std::get_if<KnowledgePtr>(&result);
    return base != nullptr ? *base : nullptr;
}

inline KnowledgePtr baseOf(std::string_view json) {
    return baseIn(KnowledgeBase::parse(json));
}

inline std::string mistakesOf(std::string_view json) {
    return mistakesIn(KnowledgeBase::parse(json));
}

}  // namespace edgerun::text
