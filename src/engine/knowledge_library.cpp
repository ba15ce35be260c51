#include "edgerun/engine/knowledge_library.h"

#include "knowledge_editor.h"
#include "knowledge_shelf.h"

namespace edgerun::engine {

namespace {

struct Base {
    explicit Base(const KnowledgeSource& source) : shelf(source), editor(source, shelf) {}

    KnowledgeShelf shelf;
    KnowledgeEditor editor;
};

}  // namespace

struct KnowledgeLibrary::Impl {
    std::vector<std::unique_ptr<Base>> bases;
};

KnowledgeLibrary::KnowledgeLibrary(const std::vector<const KnowledgeSource*>& sources)
    : impl_(std::make_unique<Impl>()) {
    for (const KnowledgeSource* source : sources) {
        impl_->bases.push_back(std::make_unique<Base>(*source));
    }
}

KnowledgeLibrary::~KnowledgeLibrary() = default;

std::shared_ptr<const text::KnowledgeBase> KnowledgeLibrary::current(std::size_t source,
                                                                     KnowledgeListener& listener) {
    return impl_->bases[source]->shelf.current(listener);
}

void KnowledgeLibrary::forget(KnowledgeListener& listener) noexcept {
    for (const auto& base : impl_->bases) {
        base->shelf.forget(listener);
    }
}

bool KnowledgeLibrary::edit(std::size_t source, KnowledgeEdit edit, EditListener& listener) {
    return impl_->bases[source]->editor.edit(std::move(edit), listener);
}

void KnowledgeLibrary::forget(EditListener& listener) noexcept {
    for (const auto& base : impl_->bases) {
        base->editor.forget(listener);
    }
}

}  // namespace edgerun::engine
