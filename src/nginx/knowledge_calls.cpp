#include "edgerun/nginx/knowledge_calls.h"

#include <algorithm>

#include "edgerun/nginx/held_request.h"

namespace edgerun::nginx {

namespace {

/// A request that may wait for its base to be read.
class ReadCall final : public HeldRequest, private engine::KnowledgeListener {
public:
    ReadCall(const KnowledgeCall& call, ServeKnowledge serve)
        : HeldRequest(call.r), serve_(serve) {}
    ~ReadCall() override { forget(); }

    ngx_int_t begin() { return step(); }

private:
    ngx_int_t step() override;
    void letGo() noexcept override { forget(); }
    void onKnowledge() noexcept override { wake(); }
    void forget() noexcept;

    ServeKnowledge serve_;
    bool isAwaiting_ = false;
};

ngx_int_t ReadCall::step() {
    const auto call = knowledgeCallOf(request());
    if (!call) {
        return refuseWithoutLibrary(request());
    }
    if (const auto base = call->library.current(call->handler.base, *this)) {
        isAwaiting_ = false;
        return serve_(*call, *base);
    }
    if (isAwaiting_ && isOverdue()) {
        return refuseLater(request(), kRetryWhenUnavailable, "the knowledge base is being read");
    }
    if (!isAwaiting_) {
        isAwaiting_ = true;
        limitTo(kPatience);
    }
    // While a body is on its way, NGINX reads from the connection.
    return stay(request()->discard_body ? Client::Ignored : Client::Watched);
}

void ReadCall::forget() noexcept {
    Worker* worker = isAwaiting_ ? workerFor(request()) : nullptr;
    isAwaiting_ = false;
    if (worker != nullptr) {
        worker->knowledge().forget(*this);
    }
}

}  // namespace

std::optional<KnowledgeCall> knowledgeCallOf(ngx_http_request_t* r) {
    Worker* worker = workerFor(r);
    if (worker == nullptr) {
        return std::nullopt;
    }
    const LocationConf& location = locationConfOf(r);
    return KnowledgeCall{r, location, *location.knowledgeHandler, worker->knowledge()};
}

ngx_int_t refuseWithoutLibrary(ngx_http_request_t* r) {
    return refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, "the knowledge base is not available now");
}

ngx_int_t serveKnowledge(ngx_http_request_t* r, ServeKnowledge serve) {
    const auto call = knowledgeCallOf(r);
    return call ? makeHeld<ReadCall>(*call, serve).begin() : refuseWithoutLibrary(r);
}

std::optional<std::string_view> articleIdOf(const ngx_http_request_t* r) {
    std::string_view rest = loop::view(r->uri);
    rest.remove_prefix(std::min(locationConfOf(r).knowledgeHandler->path.size(), rest.size()));
    if (rest.empty()) {
        return rest;
    }
    if (rest.front() != '/') {
        return std::nullopt;
    }
    rest.remove_prefix(1);
    return rest.find('/') == std::string_view::npos ? std::optional(rest) : std::nullopt;
}

}  // namespace edgerun::nginx
