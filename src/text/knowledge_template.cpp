#include "knowledge_template.h"

#include <algorithm>

#include "edgerun/text/utf8.h"
#include "mistakes.h"
#include "template_reader.h"

namespace edgerun::text {
namespace {

constexpr std::string_view kArticles = "articles";

std::string atLine(std::size_t line) {
    return "line " + std::to_string(line) + ": ";
}

std::string shown(char mark, std::string_view name) {
    return quoted("{{" + std::string(mark == ' ' ? 0 : 1, mark) + std::string(name) + "}}");
}

}  // namespace

const KnowledgeTemplate::Name* KnowledgeTemplate::findName(std::string_view name) {
    static constexpr Name kNames[] = {
        {"level", Field::Level, false, false},  {"count", Field::Count, false, false},
        {"number", Field::Number, true, false}, {"id", Field::Id, true, false},
        {"title", Field::Title, true, false},   {"category", Field::Category, true, true},
        {"tags", Field::Tags, true, true},      {"text", Field::Text, true, false},
    };
    for (const Name& known : kNames) {
        if (known.name == name) {
            return &known;
        }
    }
    return nullptr;
}

/// Sections that are not known are opened and closed too, so that each mistake is told once.
class KnowledgeTemplate::Builder {
public:
    explicit Builder(std::string_view text) : reader_(text) {}

    std::variant<KnowledgeTemplate, std::vector<std::string>> build() {
        TemplateTag tag{};
        TemplateReader::Next next;
        while ((next = reader_.next(tag)) == TemplateReader::Next::Tag) {
            addText(tag.before);
            take(tag);
        }
        addText(tag.before);
        if (next == TemplateReader::Next::Unclosed) {
            mistakes_.add(atLine(tag.line) + "\"{{\" has no \"}}\"");
        }
        for (const Open& open : open_) {
            mistakes_.add(atLine(open.line) + shown(open.mark, open.name) + " is not closed");
        }
        if (!mistakes_.empty()) {
            return mistakes_.take();
        }
        KnowledgeTemplate built;
        built.parts_ = std::move(parts_);
        return built;
    }

private:
    struct Open {
        std::string_view name;
        char mark;
        std::size_t line;
        std::size_t part;
        bool isInArticles;  ///< they, or what they hold
    };

    void take(const TemplateTag& tag) {
        switch (tag.kind) {
            case TagKind::Field:
                addField(tag);
                break;
            case TagKind::Section:
                open(tag, '#');
                break;
            case TagKind::Inverted:
                open(tag, '^');
                break;
            case TagKind::End:
                close(tag);
                break;
            case TagKind::Comment:
                break;
        }
    }

    void addText(std::string_view text) {
        if (!text.empty()) {
            parts_.push_back({Part::Kind::Text, {}, std::string(text)});
        }
    }

    void addField(const TemplateTag& tag) {
        if (const Name* name = known(tag, ' ', findName(tag.name))) {
            parts_.push_back({Part::Kind::Field, name->field});
        }
    }

    void open(const TemplateTag& tag, char mark) {
        Part section{mark == '#' ? Part::Kind::If : Part::Kind::Unless};
        if (tag.name == kArticles && mark == '#') {
            section.kind = Part::Kind::Articles;
            if (isInArticles()) {
                mistakes_.add(atLine(tag.line) + "{{#articles}} stands in itself");
            }
        } else {
            const Name* name = findName(tag.name);
            name = known(tag, mark, name != nullptr && name->isSection ? name : nullptr);
            section.field = name != nullptr ? name->field : section.field;
        }
        open_.push_back(
            {tag.name, mark, tag.line, parts_.size(), isInArticles() || tag.name == kArticles});
        parts_.push_back(std::move(section));
    }

    /// nullptr, and why is told, unless it may stand here.
    const Name* known(const TemplateTag& tag, char mark, const Name* name) {
        if (name == nullptr) {
            mistakes_.add(atLine(tag.line) + shown(mark, tag.name) + " is unknown");
        } else if (name->isOfArticle && !isInArticles()) {
            mistakes_.add(atLine(tag.line) + shown(mark, tag.name) +
                          " must stand between {{#articles}} and {{/articles}}");
            name = nullptr;
        }
        return name;
    }

    bool isInArticles() const { return !open_.empty() && open_.back().isInArticles; }

    /// With one that was forgotten in between, the one that is named is closed all the same.
    void close(const TemplateTag& tag) {
        const std::string here = atLine(tag.line) + shown('/', tag.name);
        const auto named = std::find_if(open_.rbegin(), open_.rend(),
                                        [&](const Open& open) { return open.name == tag.name; });
        if (open_.empty()) {
            mistakes_.add(here + " closes nothing");
        } else if (named != open_.rbegin()) {
            mistakes_.add(here + " does not close " + shown(open_.back().mark, open_.back().name) +
                          " of line " + std::to_string(open_.back().line));
        }
        if (named == open_.rend()) {
            return;
        }
        parts_[named->part].end = parts_.size();
        open_.erase(named.base() - 1, open_.end());
    }

    TemplateReader reader_;
    std::vector<Part> parts_;
    std::vector<Open> open_;
    Mistakes mistakes_;
};

std::variant<KnowledgeTemplate, std::vector<std::string>> KnowledgeTemplate::parse(
    std::string_view text) {
    if (!isValidUtf8(text) || text.find('\0') != std::string_view::npos) {
        return std::vector<std::string>{"it is no text in UTF-8"};
    }
    return Builder(text).build();
}

}  // namespace edgerun::text
