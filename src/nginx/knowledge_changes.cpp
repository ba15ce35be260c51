#include <sys/random.h>

#include <array>

#include "edgerun/engine/knowledge_edit.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/held_request.h"
#include "edgerun/nginx/job_request.h"
#include "edgerun/nginx/json_response.h"
#include "edgerun/nginx/knowledge_calls.h"
#include "edgerun/nginx/response_headers.h"

namespace edgerun::nginx {

namespace {

using engine::EditOutcome;
using engine::KnowledgeEdit;

constexpr std::uint64_t kRetryWhenUnwritable = 10;  // seconds

// --- answers ---

struct Refusal {
    EditOutcome outcome;
    ngx_int_t status;
    std::string_view message;
    std::uint64_t retryAfter;  ///< seconds; 0: it would be of no use
};

constexpr Refusal kRefusals[] = {
    {EditOutcome::Unknown, NGX_HTTP_NOT_FOUND, "there is no such article", 0},
    {EditOutcome::Exists, NGX_HTTP_CONFLICT,
     "there is an article of that id already; PUT replaces it", 0},
    {EditOutcome::Mismatch, NGX_HTTP_PRECONDITION_FAILED,
     "the article is not as the request demands; somebody else may have changed it", 0},
    {EditOutcome::Unwritable, NGX_HTTP_SERVICE_UNAVAILABLE,
     "the knowledge base cannot be written now", kRetryWhenUnwritable},
    {EditOutcome::Unflushed, NGX_HTTP_SERVICE_UNAVAILABLE,
     "the change is made, but a power cut may undo it", kRetryWhenUnwritable},
    {EditOutcome::Busy, NGX_HTTP_SERVICE_UNAVAILABLE, "too many changes wait; nothing was changed",
     kRetryWhenUnavailable},
};

std::string joined(const std::vector<std::string>& faults) {
    std::string all;
    for (const std::string& fault : faults) {
        all.append(all.empty() ? "" : "; ").append(fault);
    }
    return all;
}

ngx_int_t refuseEdit(ngx_http_request_t* r, const engine::Edited& edited) {
    if (edited.outcome == EditOutcome::Invalid) {
        return refuse(r, NGX_HTTP_BAD_REQUEST, joined(edited.faults));
    }
    for (const Refusal& refusal : kRefusals) {
        if (refusal.outcome == edited.outcome) {
            return refusal.retryAfter != 0 ? refuseLater(r, refusal.retryAfter, refusal.message)
                                           : refuse(r, refusal.status, refusal.message);
        }
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t respondRemoved(ngx_http_request_t* r) {
    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;
    return ngx_http_send_header(r);
}

ngx_int_t respondWritten(ngx_http_request_t* r, const engine::Edited& edited,
                         const std::string& id) {
    const bool isNew = edited.outcome == EditOutcome::Created;
    const std::string path = locationConfOf(r).knowledgeHandler->path;
    const ngx_str_t body = copyToPool(r, edited.article);
    r->headers_out.etag = addHeader(r, "ETag", engine::tagOfArticle(edited.article));
    const bool isWhole =
        body.data != nullptr && r->headers_out.etag != nullptr &&
        addHeader(r, isNew ? "Location" : "Content-Location", escapePath(r, path) + '/' + id) &&
        addHeader(r, "Cache-Control", "no-store");
    r->disable_not_modified = 1;  // conditions were about what was there before
    return isWhole ? sendJson(r, isNew ? NGX_HTTP_CREATED : NGX_HTTP_OK, loop::view(body))
                   : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t respond(ngx_http_request_t* r, const engine::Edited& edited, const std::string& id) {
    switch (edited.outcome) {
        case EditOutcome::Created:
        case EditOutcome::Replaced:
            return respondWritten(r, edited, id);
        case EditOutcome::Removed:
            return respondRemoved(r);
        case EditOutcome::Unknown:
        case EditOutcome::Exists:
        case EditOutcome::Mismatch:
        case EditOutcome::Invalid:
        case EditOutcome::Unwritable:
        case EditOutcome::Unflushed:
        case EditOutcome::Busy:
            break;
    }
    return refuseEdit(r, edited);
}

// --- the call ---

/// A client that changes an article; it waits until that is written.
class EditCall final : public HeldRequest, private engine::EditListener {
public:
    explicit EditCall(const KnowledgeCall& call) : HeldRequest(call.r) {}
    ~EditCall() override { forget(); }

    ngx_int_t begin(const KnowledgeCall& call, KnowledgeEdit edit);

private:
    ngx_int_t step() override;
    void letGo() noexcept override { forget(); }
    void onEdited(const engine::Edited& edited) noexcept override;
    void forget() noexcept;

    std::string id_;
    bool isPending_ = false;
    std::optional<engine::Edited> edited_;
};

ngx_int_t EditCall::begin(const KnowledgeCall& call, KnowledgeEdit edit) {
    id_ = edit.id;
    isPending_ = true;
    if (!call.library.edit(call.handler.base, std::move(edit), *this)) {
        isPending_ = false;
        return refuseEdit(call.r, {EditOutcome::Busy});
    }
    limitTo(kPatience);
    return stay();
}

ngx_int_t EditCall::step() {
    if (edited_) {
        return respond(request(), *edited_, id_);
    }
    if (isPending_ && !isOverdue()) {
        return stay();
    }
    forget();
    return refuseLater(request(), kRetryWhenUnavailable, "the change may or may not be written");
}

void EditCall::onEdited(const engine::Edited& edited) noexcept {
    isPending_ = false;
    contain<bool>(ngx_cycle->log, false, [&] {
        edited_ = edited;
        return true;
    });
    wake();
}

void EditCall::forget() noexcept {
    Worker* worker = isPending_ ? workerFor(request()) : nullptr;
    isPending_ = false;
    if (worker != nullptr) {
        worker->knowledge().forget(*this);
    }
}

// --- the request ---

/// NGINX refuses requests that have it twice.
std::optional<std::string> valueOf(const ngx_table_elt_t* header) {
    return header != nullptr ? std::optional(std::string(loop::view(header->value))) : std::nullopt;
}

/// 80 random bits in RFC 4648's base 32, small letters.
std::string inventId() {
    constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz234567";
    std::array<std::uint8_t, 16> bytes{};
    if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        return {};
    }
    std::string id;
    for (const std::uint8_t byte : bytes) {
        id += kDigits[byte % kDigits.size()];
    }
    return id;
}

/// NGX_OK, or how the request was refused. A PUT's id stands in its URL.
ngx_int_t readDraft(ngx_http_request_t* r, KnowledgeEdit& edit) {
    const auto body = collectBody(r);
    if (!body) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    auto read = text::parseArticle(*body);
    if (const auto* faults = std::get_if<std::vector<std::string>>(&read)) {
        return refuse(r, NGX_HTTP_BAD_REQUEST, joined(*faults));
    }
    edit.draft = std::move(std::get<text::ArticleDraft>(read));
    std::string& id = edit.draft.article.id;
    if (!edit.id.empty() && !id.empty() && id != edit.id) {
        return refuse(r, NGX_HTTP_BAD_REQUEST, "\"id\" must be the one in the URL, or be left out");
    }
    if (id.empty()) {
        id = edit.id.empty() ? inventId() : edit.id;
    }
    edit.id = id;
    return id.empty() ? NGX_HTTP_INTERNAL_SERVER_ERROR : NGX_OK;
}

ngx_int_t beginEdit(ngx_http_request_t* r, KnowledgeEdit::Kind kind) {
    const auto call = knowledgeCallOf(r);
    if (!call) {
        return refuseWithoutLibrary(r);
    }
    KnowledgeEdit edit{kind, std::string(articleIdOf(r).value())};
    if (kind != KnowledgeEdit::Kind::Remove) {
        if (const ngx_int_t rc = readDraft(r, edit); rc != NGX_OK) {
            return rc;
        }
    }
    edit.ifMatch = valueOf(r->headers_in.if_match);
    edit.ifNoneMatch = valueOf(r->headers_in.if_none_match);
    return makeHeld<EditCall>(*call).begin(*call, std::move(edit));
}

template <KnowledgeEdit::Kind kind>
void onBodyRead(ngx_http_request_t* r) noexcept {
    ngx_http_finalize_request(r,
                              contain<ngx_int_t>(r->connection->log, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                                 [r] { return beginEdit(r, kind); }));
}

/// A DELETE's body does not count; while it is on its way, nothing waits.
template <KnowledgeEdit::Kind kind>
ngx_int_t afterBody(ngx_http_request_t* r) {
    const ngx_int_t rc = ngx_http_read_client_request_body(r, onBodyRead<kind>);
    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}

}  // namespace

ngx_int_t createArticle(ngx_http_request_t* r) {
    return hasJsonBody(r) ? afterBody<KnowledgeEdit::Kind::Create>(r)
                          : refuse(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE);
}

ngx_int_t putArticle(ngx_http_request_t* r) {
    return hasJsonBody(r) ? afterBody<KnowledgeEdit::Kind::Put>(r)
                          : refuse(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE);
}

ngx_int_t removeArticle(ngx_http_request_t* r) {
    return afterBody<KnowledgeEdit::Kind::Remove>(r);
}

}  // namespace edgerun::nginx
