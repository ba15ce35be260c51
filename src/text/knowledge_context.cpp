#include "edgerun/text/knowledge_context.h"

#include "edgerun/text/utf8.h"

namespace edgerun::text {
namespace {

/// It begins with a blank line: the query stands before it.
constexpr std::string_view kStandard = R"(

=== Knowledge base ===
Level of the user: {{level}}
Articles about the query above: {{count}}
{{#articles}}

--- Article {{number}}: {{title}} ---
ID: {{id}}
{{#category}}
Category: {{category}}
{{/category}}
{{#tags}}
Tags: {{tags}}
{{/tags}}

{{text}}
{{/articles}}

=== End of the knowledge base ===
Use these articles where they help to answer the query above, at the level of the user. Cite each
article that you use by its title and ID. Where they do not answer the query, say so.
)";

std::string joined(const std::vector<std::string>& tags) {
    std::string all;
    for (const std::string& tag : tags) {
        all += all.empty() ? "" : ", ";
        all += tag;
    }
    return all;
}

}  // namespace

const KnowledgeTemplate& KnowledgeTemplate::standard() {
    static const KnowledgeTemplate parsed = std::get<KnowledgeTemplate>(parse(kStandard));
    return parsed;
}

class KnowledgeTemplate::Writer {
public:
    Writer(const std::vector<Part>& parts, const std::vector<const Article*>& articles,
           std::string_view level, std::size_t articleSize)
        : parts_(parts), articles_(articles), level_(level), articleSize_(articleSize) {}

    std::string write() {
        const Article outside;  // nothing there names what is in it
        for (std::size_t at = 0; at < parts_.size();) {
            if (parts_[at].kind == Part::Kind::Articles) {
                writeArticles(at);
                at = parts_[at].end;
            } else {
                at = writePart(at, outside);
            }
        }
        return std::move(out_);
    }

private:
    void writeArticles(std::size_t section) {
        for (number_ = 1; number_ <= articles_.size(); ++number_) {
            for (std::size_t at = section + 1; at < parts_[section].end;) {
                at = writePart(at, *articles_[number_ - 1]);
            }
        }
    }

    /// The next part to be written.
    std::size_t writePart(std::size_t at, const Article& article) {
        const Part& part = parts_[at];
        switch (part.kind) {
            case Part::Kind::Text:
                out_ += part.text;
                break;
            case Part::Kind::Field:
                writeField(part.field, article);
                break;
            case Part::Kind::If:
                return isThere(part.field, article) ? at + 1 : part.end;
            case Part::Kind::Unless:
                return isThere(part.field, article) ? part.end : at + 1;
            case Part::Kind::Articles:  // never in itself
                break;
        }
        return at + 1;
    }

    static bool isThere(Field field, const Article& article) {
        return field == Field::Tags ? !article.tags.empty() : !article.category.empty();
    }

    void writeField(Field field, const Article& article) {
        switch (field) {
            case Field::Level:
                out_ += level_;
                break;
            case Field::Count:
                out_ += std::to_string(articles_.size());
                break;
            case Field::Number:
                out_ += std::to_string(number_);
                break;
            case Field::Id:
                out_ += article.id;
                break;
            case Field::Title:
                out_ += article.title;
                break;
            case Field::Category:
                out_ += article.category;
                break;
            case Field::Tags:
                out_ += joined(article.tags);
                break;
            case Field::Text:
                writeText(article.text);
                break;
        }
    }

    void writeText(std::string_view text) {
        const std::string_view cut = cutAtCodePoints(text, articleSize_);
        out_ += cut;
        out_ += cut.size() < text.size() ? " [...]" : "";
    }

    const std::vector<Part>& parts_;
    const std::vector<const Article*>& articles_;
    std::string_view level_;
    std::size_t articleSize_;
    std::size_t number_ = 0;
    std::string out_;
};

std::string KnowledgeTemplate::render(const std::vector<const Article*>& articles,
                                      std::string_view level, std::size_t articleSize) const {
    return articles.empty() ? std::string() : Writer(parts_, articles, level, articleSize).write();
}

}  // namespace edgerun::text
