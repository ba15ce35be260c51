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

/// `mayFail`: the work is limited, and how long it takes up to that limit is what counts.
void clean(benchmark::State& state, SanitizerRules rules, std::string_view piece, bool mayFail) {
    const auto made = Sanitizer::create(std::move(rules));
    const auto& sanitizer = *std::get<std::unique_ptr<Sanitizer>>(made);
    const std::string answer = answerOf(piece, static_cast<std::size_t>(state.range(0)));
    while (state.KeepRunning()) {
        auto cleaned = sanitizer.clean(answer);
        if (!cleaned && !mayFail) {
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

/// The last is the longest response that is read, unless told.
void hostileSizes(benchmark::internal::Benchmark* bench) {
    bench->Arg(8 << 10)->Arg(64 << 10)->Arg(4 << 20)->Unit(benchmark::kMillisecond);
}

struct HostileRegex {
    const char* regex;
    std::string_view piece;
};

/// The slowest that are known, for what they may do.
constexpr HostileRegex kHostile[] = {
    {R"((?:a+a+)+[yz])", "a"},
    {R"((?:a|a?)+$)", "a"},
    {R"(\((?:[^()]|(?R))*\))", "("},
    {R"((?i)(?:\p{L}|\p{Lu}|\X)+?\d)", "\u00C9e\u0301"},
    {R"([^\p{Han}\p{Greek}\x{100}-\x{10ffff}\d]{15}z)", "a"},
    {R"([ab]{50000})", "a"},
};

/// As many and as long as there may be, and each line is nearly one of them.
SanitizerRules manyNames() {
    SanitizerRules rules;
    for (int i = 0; i < 1000; ++i) {
        const std::string number = std::to_string(1000 + i);
        rules.headings.push_back(std::string(100, 'a') + number + std::string(96, 'a'));
    }
    rules.labels = rules.blocks = rules.headings;
    return rules;
}

int registerAll() {
    for (const Kind& kind : kKinds) {
        benchmark::RegisterBenchmark(kind.name, clean, defaultSanitizerRules(), kind.piece, false)
            ->Apply(sizes);
    }
    SanitizerRules rules = defaultSanitizerRules();
    rules.regexes = {R"( ?\[\d+\])", R"((?s)<think>.*?</think>)", R"(^Source:.*$)"};
    benchmark::RegisterBenchmark("ordinary, 3 regexes", clean, rules, kOrdinary, false)
        ->Apply(sizes);
    static const std::string almost = manyNames().headings[500].substr(0, 199) + "x\n";
    benchmark::RegisterBenchmark("almost a long heading", clean, manyNames(), almost, false)
        ->Apply(hostileSizes);
    for (const char* engine : {"", "(*NO_JIT)"}) {
        for (const HostileRegex& hostile : kHostile) {
            rules.regexes = {std::string(engine) + hostile.regex};
            benchmark::RegisterBenchmark(rules.regexes[0].c_str(), clean, rules, hostile.piece,
                                         true)
                ->Apply(hostileSizes);
        }
    }
    return 0;
}

const int kRegistered = registerAll();

}  // namespace
}  // namespace edgerun::text
