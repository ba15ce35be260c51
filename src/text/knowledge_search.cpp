#include <algorithm>

#include "edgerun/text/ascii.h"
#include "edgerun/text/case_fold.h"
#include "edgerun/text/utf8.h"
#include "excerpt.h"
#include "knowledge_index.h"

namespace edgerun::text {
namespace {

/// Of a longer article no more is looked through for a keyword's place.
constexpr std::size_t kReach = 64 * 1024;
/// Nor of all articles of a search: it is answered on an event loop.
constexpr std::size_t kReachOfAll = 256 * 1024;

/// Takes what it looks through from `left`.
std::string excerptAround(const PhraseMatcher& keyword, std::string_view text, std::size_t& left) {
    const std::string_view looked = cutAtBytes(text, std::min(kReach, left));
    left -= looked.size();
    const auto places = keyword.find(looked);
    return excerptAt(text, places.empty() ? 0 : places.front().at);
}

/// What a search has found so far.
class Findings {
public:
    Findings(const std::vector<Article>& articles, std::size_t limit)
        : articles_(articles), limit_(limit), places_(articles.size(), kNowhere) {}

    bool isFull() const { return found_.size() >= limit_; }

    /// Nothing is added once it is full, but for keywords of articles that are in it.
    void add(std::uint32_t article, std::string_view keyword) {
        if (!add(article)) {
            return;
        }
        found_[places_[article]].matched.push_back(keyword);
    }

    bool add(std::uint32_t article) {
        if (places_[article] == kNowhere && !isFull()) {
            places_[article] = static_cast<std::uint32_t>(found_.size());
            found_.push_back({article, {}, {}});
        }
        return places_[article] != kNowhere;
    }

    std::vector<FoundArticle> take() {
        std::optional<PhraseMatcher> matcher;
        std::string_view phrase;
        std::size_t left = kReachOfAll;
        for (FoundArticle& one : found_) {
            const std::string& text = articles_[one.article].text;
            if (one.matched.empty()) {
                one.excerpt = excerptAt(text, 0);
                continue;
            }
            if (!matcher || one.matched.front() != phrase) {  // neighbours often share it
                phrase = one.matched.front();
                matcher.emplace(std::vector<std::string>{std::string(phrase)});
            }
            one.excerpt = excerptAround(*matcher, text, left);
        }
        return std::move(found_);
    }

private:
    static constexpr std::uint32_t kNowhere = UINT32_MAX;

    const std::vector<Article>& articles_;
    std::size_t limit_;
    std::vector<FoundArticle> found_;
    std::vector<std::uint32_t> places_;  ///< of each article in found_
};

}  // namespace

std::vector<FoundArticle> KnowledgeBase::search(std::string_view query, std::size_t limit) const {
    Findings findings(articles_, limit);
    for (const PhraseMatch& match : index_->phrases.find(query)) {
        const Keyword& keyword = keywords_[match.phrase];
        for (const std::uint32_t article : keyword.articles) {
            findings.add(article, keyword.phrase);
        }
    }
    const std::string whole = foldCase(trimmed(query, " "));
    if (!whole.empty()) {
        const ArticleLabels& labels = index_->labels;
        for (std::uint32_t article = labels.find(whole, 0);
             article < articles_.size() && !findings.isFull();
             article = labels.find(whole, article + 1)) {
            findings.add(article);
        }
    }
    return findings.take();
}

}  // namespace edgerun::text
