#include "article_labels.h"

#include <algorithm>
#include <cstring>

#include "edgerun/text/case_fold.h"

namespace edgerun::text {
namespace {

constexpr unsigned kRowBits = 10;
constexpr std::size_t kBitsInWord = 64;
/// More rows would hardly leave out one more article.
constexpr std::size_t kMostRows = 16;

std::size_t rowOf(char first, char second) {
    const std::uint32_t pair = static_cast<std::uint32_t>(static_cast<unsigned char>(first)) << 8 |
                               static_cast<unsigned char>(second);
    return pair * 0x9E3779B1U >> (32 - kRowBits);
}

/// find() is slow where the first byte is frequent.
bool holds(std::string_view text, std::string_view part) {
    return memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

}  // namespace

ArticleLabels::ArticleLabels(const std::vector<Article>& articles) {
    begins_.reserve(articles.size() + 1);
    for (const Article& article : articles) {
        begins_.push_back(labels_.size());
        addLabel(article.title);
        addLabel(article.category);
        for (const std::string& tag : article.tags) {
            addLabel(tag);
        }
    }
    begins_.push_back(labels_.size());
    fillRows();
}

void ArticleLabels::addLabel(std::string_view label) {
    const std::string folded = foldCase(label);
    longest_ = std::max(longest_, folded.size());
    labels_ += folded;
    labels_ += '\n';
}

void ArticleLabels::fillRows() {
    const auto articles = static_cast<std::uint32_t>(begins_.size() - 1);
    wordsInRow_ = (articles + kBitsInWord - 1) / kBitsInWord;
    rows_.resize(wordsInRow_ << kRowBits);
    for (std::uint32_t article = 0; article < articles; ++article) {
        const std::string_view labels = labelsOf(article);
        const std::uint64_t bit = std::uint64_t{1} << article % kBitsInWord;
        for (std::size_t i = 1; i < labels.size(); ++i) {
            rows_[rowOf(labels[i - 1], labels[i]) * wordsInRow_ + article / kBitsInWord] |= bit;
        }
    }
}

std::string_view ArticleLabels::labelsOf(std::uint32_t article) const {
    return std::string_view(labels_).substr(begins_[article],
                                            begins_[article + 1] - begins_[article]);
}

std::uint32_t ArticleLabels::find(std::string_view folded, std::uint32_t from) const {
    const auto articles = static_cast<std::uint32_t>(begins_.size() - 1);
    // With a line end it would be found between two labels.
    if (folded.size() > longest_ || folded.find('\n') != std::string_view::npos) {
        return articles;
    }
    const std::vector<const std::uint64_t*> rows = rowsOf(folded);
    for (std::size_t word = from / kBitsInWord; word < wordsInRow_; ++word) {
        std::uint64_t having = ~std::uint64_t{0};
        for (const std::uint64_t* row : rows) {
            having &= row[word];
        }
        auto article = static_cast<std::uint32_t>(word * kBitsInWord);
        for (; having != 0 && article < articles; having >>= 1, ++article) {
            if ((having & 1) != 0 && article >= from && holds(labelsOf(article), folded)) {
                return article;
            }
        }
    }
    return articles;
}

/// From all over the text, for its pairs differ the more the further they are apart.
std::vector<const std::uint64_t*> ArticleLabels::rowsOf(std::string_view folded) const {
    std::vector<const std::uint64_t*> rows;
    const std::size_t step = std::max<std::size_t>(folded.size() / kMostRows, 1);
    for (std::size_t i = 1; i < folded.size() && rows.size() < kMostRows; i += step) {
        rows.push_back(rows_.data() + rowOf(folded[i - 1], folded[i]) * wordsInRow_);
    }
    return rows;
}

}  // namespace edgerun::text
