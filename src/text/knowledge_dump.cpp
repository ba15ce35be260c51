#include "edgerun/text/json.h"
#include "edgerun/text/knowledge_base.h"

namespace edgerun::text {
namespace {

/// Between two elements of a list, or before the first one.
void beginLine(std::string& out, bool& isFirst, std::string_view indent) {
    out += isFirst ? "\n" : ",\n";
    out += indent;
    isFirst = false;
}

void addMember(std::string& out, bool& isFirst, const char* name, const std::string& json) {
    beginLine(out, isFirst, "      ");
    out.append("\"").append(name).append("\": ").append(json);
}

std::string stringOf(const std::string& text) {
    std::string json;
    appendJsonString(json, text);
    return json;
}

void addArticle(std::string& out, const Article& article) {
    out += '{';
    bool isFirst = true;
    addMember(out, isFirst, "id", stringOf(article.id));
    addMember(out, isFirst, "title", stringOf(article.title));
    if (!article.category.empty()) {
        addMember(out, isFirst, "category", stringOf(article.category));
    }
    if (!article.tags.empty()) {
        addMember(out, isFirst, "tags", jsonArrayOf(article.tags, ", "));
    }
    addMember(out, isFirst, "text", stringOf(article.text));
    out += "\n    }";
}

void writeLabels(JsonObjectWriter& writer, const Article& article) {
    writer.string("id", article.id);
    writer.string("title", article.title);
    writer.string("category", article.category);
    writer.raw("tags", jsonArrayOf(article.tags));
}

}  // namespace

std::string KnowledgeBase::dump() const {
    std::string out = "{\n  \"keywords\": {";
    bool isFirst = true;
    for (const Keyword& keyword : keywords_) {
        beginLine(out, isFirst, "    ");
        appendJsonString(out, keyword.phrase);
        std::vector<std::string_view> ids;
        for (const std::uint32_t article : keyword.articles) {
            ids.emplace_back(articles_[article].id);
        }
        out += ": " + jsonArrayOf(ids, ", ");
    }
    out += isFirst ? "},\n" : "\n  },\n";
    out += "  \"articles\": [";
    isFirst = true;
    for (const Article& article : articles_) {
        beginLine(out, isFirst, "    ");
        addArticle(out, article);
    }
    out += isFirst ? "]\n}\n" : "\n  ]\n}\n";
    return out;
}

std::string dumpArticle(const KnowledgeBase& base, std::uint32_t number) {
    const Article& article = base.articles()[number];
    std::string out;
    JsonObjectWriter writer(out);
    writeLabels(writer, article);
    writer.string("text", article.text);
    writer.raw("keywords", jsonArrayOf(base.keywordsOf(number)));
    writer.finish();
    return out;
}

std::string dumpArticleSummary(const KnowledgeBase& base, std::uint32_t number) {
    std::string out;
    JsonObjectWriter writer(out);
    writeLabels(writer, base.articles()[number]);
    writer.finish();
    return out;
}

}  // namespace edgerun::text
