#include <benchmark/benchmark.h>

#include <string>

#include "edgerun/text/sanitizer.h"

/// What cleaning an answer costs for each byte of it: the same at any size, whatever the answer
/// is. Argument: bytes of the answer.
namespace edgerun::text {
namespace {

/// An answer as models write them.
constexpr std::string_view kOrdinary =
    "## 1. Executive Summary\n\n"
    "Higher tariffs raise the price of imported goods by 5 to 7 percent within two quarters; the "
    "model of **demand** assumes that a third of it is passed on to customers.\n\n"
    "- Revenue falls by 3 percent, and margins by one point.\n"
    "- Inventory lasts for nine weeks, so effects are seen late.\n\n\n"
    "What It Means: prices should be raised once, early, and by little.\n\n"
    "| Quarter | Revenue | Margin |\n| --- | --- | --- |\n| Q1 | 104.2 | 31 |\n| Q2 | 101.0 | 30 "
    "|\n\n"
    "```python\nrevenue = [104.2, 101.0]\n\n\nprint(sum(revenue))\n```\n\n"
    "**Note on Risk:** this is no advice,\nand may be wrong.\n\n";

struct Kind {
    const char* name;
    std::string_view piece;
};

constexpr Kind kKinds[] = {
    {"ordinary", kOrdinary},
    {"line ends", "\n"},
    {"CRLF", "\r\n"},
    {"blanks", " "},
    {"wide blanks", "\u00A0"},
    {"blank lines", " \t\n"},
    {"number signs", "#"},
    {"number signs, lines", "#\n"},
    {"asterisks", "*"},
    {"marks, lines", "## **1. \n"},
    {"headings", "Executive Summary\n"},
    {"headings, one line", "Executive Summary"},
    {"labels", "Executive Summary: x\n"},
    {"labels, one line", "Executive Summary: "},
    {"labels in bold", "**What It Means:** "},
    {"almost headings", "## **Red Team Consideration ...\n"},
    {"blocks", "Note on Risk\n\n"},
    {"fences", "```\n"},
    {"backticks", "`"},
    {"4-byte letters", "\U0001F600"},
    {"4-byte letters, lines", "\U0001F600\n"},
};

std::string answerOf(std::string_view piece, std::size_t size) {
    std::string answer;
    while (answer.size() + piece.size() <= size) {
        answer += piece;
    }
    return answer;
}

void clean(benchmark::State& state, SanitizerRules rules, std::string_view piece) {
    const auto made = Sanitizer::create(std::move(rules));
    const auto& sanitizer = *std::get<std::unique_ptr<Sanitizer>>(made);
    const std::string answer = answerOf(piece, static_cast<std::size_t>(state.range(0)));
    while (state.KeepRunning()) {
        auto cleaned = sanitizer.clean(answer);
        if (!cleaned) {
            state.SkipWithError("not cleaned");
        }
        benchmark::DoNotOptimize(cleaned);
    }
    state.counters["per byte"] = benchmark::Counter(
        static_cast<double>(answer.size()),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void sizes(benchmark::internal::Benchmark* bench) {
    bench->Arg(1 << 10)->Arg(32 << 10)->Arg(1 << 20);
}

int registerAll() {
    for (const Kind& kind : kKinds) {
        benchmark::RegisterBenchmark(kind.name, clean, defaultSanitizerRules(), kind.piece)
            ->Apply(sizes);
    }
    SanitizerRules rules = defaultSanitizerRules();
    rules.regexes = {R"( ?\[\d+\])", R"((?s)<think>.*?</think>)", R"(^Source:.*$)"};
    benchmark::RegisterBenchmark("ordinary, 3 regexes", clean, rules, kOrdinary)->Apply(sizes);
    return 0;
}

const int kRegistered = registerAll();

}  // namespace
}  // namespace edgerun::text
