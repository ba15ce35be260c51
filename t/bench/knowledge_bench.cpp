#include <benchmark/benchmark.h>
#include <malloc.h>

#include <random>
#include <string>
#include <vector>

#include "edgerun/text/json.h"
#include "edgerun/text/knowledge_base.h"
#include "edgerun/text/knowledge_context.h"
#include "edgerun/text/phrase_matcher.h"

/// What knowledge costs: to find phrases in a text (time for a byte must not grow with the text,
/// whatever it is), and to read, ask and search a base of 10,000 keywords and 5,000 articles.
namespace edgerun::text {
namespace {

constexpr std::size_t kKeywords = 10'000;
constexpr std::size_t kArticles = 5'000;
constexpr std::size_t kArticleBytes = 4 * 1024;
constexpr std::size_t kQuery = 12'000;  // code points

std::string repeated(std::string_view unit, std::size_t bytes) {
    std::string text;
    while (text.size() + unit.size() <= bytes) {
        text += unit;
    }
    return text;
}

/// Some are frequent, most are rare.
std::string word(std::size_t number) {
    static constexpr const char* kSyllables[] = {"ka", "lo", "mi", "ne", "ru", "sa", "to", "vi"};
    std::string made;
    for (int i = 0; i < 5; ++i, number >>= 3) {
        made += kSyllables[number & 7];
    }
    return made;
}

std::string words(std::size_t bytes, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::string text;
    while (text.size() < bytes) {
        text += word(random() & 0x7FFF) + ' ';
    }
    text.resize(bytes);
    return text;
}

/// Each is unlike the others in its last part only.
std::string clef(std::size_t number) {
    return repeated("\U0001D11E", 4 * (1 + number % 100)) + word(number);
}

std::vector<std::string> phrases(const std::string& kind) {
    std::vector<std::string> all;
    for (std::size_t number = 0; number < kKeywords; ++number) {
        all.push_back(kind == "words"      ? word(number) + ' ' + word(number * 7 + 3)
                      : kind == "prefixes" ? repeated("a", 100) + word(number)
                      : kind == "suffixes" ? repeated("a", 1 + number % 200) + "b"
                      : kind == "runs"     ? repeated("a", 1 + number % 200)
                                           : clef(number));
    }
    return all;
}

struct Case {
    const char* phrases;
    const char* unit;  ///< of the text; nullptr: words
};
constexpr Case kCases[] = {
    {"words", nullptr},           // as it mostly is
    {"words", "kalomineru "},     // each word is the beginning of a phrase
    {"words", "\xC8\xBA"},        // folding makes each longer
    {"words", "\U00010400"},      // four bytes, with a case
    {"prefixes", "a"},            // nearly each phrase, all the time
    {"prefixes", "aaaaaaaaaab"},  // falls back from deep nodes
    {"suffixes", "a"},            // as deep as can be
    {"suffixes", "aaab"},         // and many phrases end in one place
    {"runs", "a"},                // all phrases end everywhere
    {"clefs", "\U0001D11E"},
};

std::string textOf(const Case& what, std::size_t bytes) {
    return what.unit == nullptr ? words(bytes, 7) : repeated(what.unit, bytes);
}

void find(benchmark::State& state) {
    const Case& what = kCases[state.range(0)];
    const PhraseMatcher matcher(phrases(what.phrases));
    const std::string text = textOf(what, static_cast<std::size_t>(state.range(1)));
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(matcher.find(text));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
    state.SetLabel(std::string(what.phrases) + " in " +
                   (what.unit == nullptr ? "words" : what.unit));
}

/// A query with as many of the phrases as it has room for.
void findMany(benchmark::State& state) {
    std::vector<std::string> all;
    std::string query;
    for (std::size_t number = 0; number < kKeywords; ++number) {
        all.push_back({static_cast<char>(0xF0), static_cast<char>(0xA0 + number / 4096),
                       static_cast<char>(0x80 + number / 64 % 64),
                       static_cast<char>(0x80 + number % 64)});
        query += all.back();
    }
    const PhraseMatcher matcher(all);
    std::size_t found = 0;
    while (state.KeepRunning()) {
        found = matcher.find(query).size();
    }
    state.counters["found"] = static_cast<double>(found);
}

std::string baseJson() {
    std::mt19937 random(17);
    std::string json = "{\"keywords\": {";
    for (std::size_t number = 0; number < kKeywords; ++number) {
        json += number > 0 ? ",\n" : "\n";
        appendJsonString(json, word(number) + ' ' + word(number * 7 + 3));
        json += ": [\"article-" + std::to_string(number % kArticles) + "\"]";
    }
    json += "}, \"articles\": [";
    for (std::size_t number = 0; number < kArticles; ++number) {
        json += number > 0 ? ",\n" : "\n";
        JsonObjectWriter writer(json);
        writer.string("id", "article-" + std::to_string(number));
        writer.string("title", words(40, random()));
        writer.string("category", word(number % 40));
        writer.raw("tags", "[\"" + word(number * 31 % 500) + "\", \"" + word(number % 700) + "\"]");
        writer.string("text", words(kArticleBytes, random()));
        writer.finish();
    }
    return json + "]}";
}

const KnowledgeBase& base() {
    static const auto parsed = KnowledgeBase::parse(baseJson());
    return *std::get<std::shared_ptr<const KnowledgeBase>>(parsed);
}

/// *heapMiB*: what stays for the matcher.
void buildMatcher(benchmark::State& state, const char* kind) {
    const std::vector<std::string> all = phrases(kind);
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    std::size_t taken = 0;
    while (state.KeepRunning()) {
        const PhraseMatcher matcher(all);
        taken = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    }
    state.counters["heapMiB"] = static_cast<double>(taken) / (1 << 20);
}

void parseBase(benchmark::State& state) {
    const std::string json = baseJson();
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(KnowledgeBase::parse(json));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(json.size()));
}

void editBase(benchmark::State& state) {
    const Article article{"article-9", "Another title", "", {}, words(kArticleBytes, 9)};
    const KnowledgeBase& asked = base();
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(asked.with(article, {"one keyword", "another"}));
    }
}

void dumpBase(benchmark::State& state) {
    const KnowledgeBase& asked = base();
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(asked.dump());
    }
}

void matchQuery(benchmark::State& state, const std::string& unit) {
    const std::string query =
        unit.empty() ? words(kQuery, 3) : repeated(unit, unit.size() * kQuery);
    const KnowledgeBase& asked = base();
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(asked.match(query, 3));
    }
}

void search(benchmark::State& state, const std::string& query) {
    std::size_t found = 0;
    const KnowledgeBase& asked = base();
    while (state.KeepRunning()) {
        found = asked.search(query, 20).size();
    }
    state.counters["found"] = static_cast<double>(found);
}

void render(benchmark::State& state) {
    std::vector<const Article*> articles;
    for (std::size_t i = 0; i < 3; ++i) {
        articles.push_back(&base().articles()[i]);
    }
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(KnowledgeTemplate::standard().render(articles, "standard", 4000));
    }
}

BENCHMARK(find)->ArgsProduct({benchmark::CreateDenseRange(0, std::size(kCases) - 1, 1),
                              {1 << 10, 32 << 10, 1 << 20}});
BENCHMARK(findMany);
BENCHMARK_CAPTURE(buildMatcher, words, "words")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(buildMatcher, prefixes, "prefixes")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(buildMatcher, clefs, "clefs")->Unit(benchmark::kMillisecond);
BENCHMARK(parseBase)->Unit(benchmark::kMillisecond);
BENCHMARK(editBase)->Unit(benchmark::kMillisecond);
BENCHMARK(dumpBase)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(matchQuery, words, "");
BENCHMARK_CAPTURE(matchQuery, fourBytes, "\U0001D11E");
BENCHMARK_CAPTURE(matchQuery, fourBytesWithCase, "\U00010400");
BENCHMARK_CAPTURE(search, keyword, word(29) + ' ' + word(29 * 7 + 3));
BENCHMARK_CAPTURE(search, wordOfTitles, word(97));
BENCHMARK_CAPTURE(search, frequentLetters, "ka");
BENCHMARK_CAPTURE(search, unknown, "kalomiqqq");
BENCHMARK_CAPTURE(search, unknownOfFrequentLetters, "kakakakakakakakakaka");
BENCHMARK_CAPTURE(search, oneLetterInVain, "q");
BENCHMARK_CAPTURE(search, twoLettersInVain, "kq");
BENCHMARK_CAPTURE(search, longQuestion, words(400, 4));
BENCHMARK(render);

}  // namespace
}  // namespace edgerun::text
