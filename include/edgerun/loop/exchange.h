#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>

#include "edgerun/loop/http_client.h"

namespace edgerun::loop {

struct CurlListRelease {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListRelease>;

struct CurlRelease {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};

struct CurlUrlRelease {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, CurlUrlRelease>;

/// What all transfers to one upstream share, made once.
struct UpstreamOptions {
    explicit UpstreamOptions(const Upstream& upstream);

    CurlUrl url;       ///< without path and query
    CurlList headers;  ///< for calls without a body
    CurlList headersWithBody;
};

/// One exchange on one libcurl handle, used again and again for the same
/// upstream: options that never change are set once.
class Exchange {
public:
    /// Null easy() on failure.
    Exchange(const Upstream& upstream, const UpstreamOptions& options, CURLSH* share);

    CURL* easy() const { return easy_.get(); }

    /// Ready to be added to the multi handle. `timeout` in ms. `resolve` lists
    /// addresses that libcurl is to learn first, or is null; it must live
    /// until the transfer has begun. Throws std::bad_alloc.
    void prepare(TransferRequest request, std::uint64_t timeout, curl_slist* resolve);

    /// What came of it, after libcurl is done.
    TransferResult result(CURLcode code);

    /// Lets go of what only this exchange needed.
    void reset();

    /// The caller's note on whose exchange this is.
    Transfer* transfer = nullptr;
    /// Asked before a body with `once` is sent; null forbids it.
    TransferOwner* guard = nullptr;
    /// Addresses that libcurl learns with this exchange, or null.
    const curl_slist* news = nullptr;

private:
    static std::size_t onBody(char* bytes, std::size_t size, std::size_t count,
                              void* self) noexcept;
    static std::size_t onHeader(char* bytes, std::size_t size, std::size_t count,
                                void* self) noexcept;
    static std::size_t onRead(char* bytes, std::size_t size, std::size_t count,
                              void* self) noexcept;

    void setTarget();
    void setMethod();
    void takeHeader(std::string_view line);
    void hideSecrets();

    const Upstream& upstream_;
    const UpstreamOptions& options_;
    CurlUrl url_;
    std::unique_ptr<CURL, CurlRelease> easy_;
    TransferRequest request_;
    std::size_t sent_ = 0;  // of the body
    std::string body_;
    std::size_t headerBytes_ = 0;
    bool tooLarge_ = false;
    TransferResult result_;
    std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace edgerun::loop
