#include "edgerun/loop/exchange.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>
#include <new>

#include "edgerun/text/ascii.h"

namespace edgerun::loop {

namespace {

constexpr std::size_t kMaxHeaderBytes = 64 * 1024;
constexpr std::size_t kKeptCapacity = 16 * 1024;
// libcurl allocates the first for each transfer: small enough for malloc's
// fast path, and a poll's answer fits into two. The second it keeps (TLS only).
constexpr long kReceiveBuffer = 1024;
constexpr long kSendBuffer = 16 * 1024;
constexpr long kMaxIdleSeconds = 50;     // most servers close idle connections at 60 s or later
constexpr std::size_t kLeastSecret = 8;  // bytes; a shorter one may be part of any text
constexpr std::uint64_t kMaxHintMs = 24ULL * 3600 * 1000;

std::string bracketed(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

CurlList appendTo(CurlList list, const std::string& line) {
    if (curl_slist* longer = curl_slist_append(list.get(), line.c_str())) {
        (void)list.release();
        return CurlList(longer);
    }
    throw std::bad_alloc();
}

bool isNamed(std::string_view line, std::string_view name) {
    return line.size() > name.size() && line[name.size()] == ':' &&
           text::equalsIgnoringCase(line.substr(0, name.size()), name);
}

std::string_view valueOf(std::string_view line) {
    return text::trimmed(line.substr(line.find(':') + 1), text::kWhiteSpace);
}

/// A non-negative decimal number times `unit`, in ms.
std::optional<std::uint64_t> milliseconds(std::string_view text, double unit) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size() || !(number >= 0)) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(std::min(number * unit, static_cast<double>(kMaxHintMs)));
}

/// RFC 9110 section 10.2.3: seconds or a date.
std::optional<std::uint64_t> retryAfter(std::string_view text) {
    if (auto seconds = milliseconds(text, 1000)) {
        return seconds;
    }
    const time_t date = curl_getdate(std::string(text).c_str(), nullptr);
    if (date == static_cast<time_t>(-1)) {
        return std::nullopt;
    }
    const auto left = static_cast<double>(date - ngx_time()) * 1000;
    return static_cast<std::uint64_t>(std::clamp(left, 0.0, static_cast<double>(kMaxHintMs)));
}

}  // namespace

UpstreamOptions::UpstreamOptions(const Upstream& upstream) : url(curl_url()) {
    if (url == nullptr) {
        throw std::bad_alloc();
    }
    const std::string& name = upstream.tlsName.empty() ? upstream.host : upstream.tlsName;
    const std::string server =
        upstream.scheme + "://" + bracketed(name) + ":" + std::to_string(upstream.port);
    // Where libcurl cannot read it, each transfer fails, and says so.
    curl_url_set(url.get(), CURLUPART_URL, server.c_str(), 0);

    for (const auto& header : upstream.headers) {
        headers = appendTo(std::move(headers), header);
    }
    if (!upstream.tlsName.empty()) {
        headers = appendTo(std::move(headers), "Host: " + bracketed(upstream.host) + ":" +
                                                   std::to_string(upstream.port));
    }
    // libcurl's own would be printed twice for each transfer.
    headers = appendTo(std::move(headers), "User-Agent: edgerun");
    headers = appendTo(std::move(headers), "Accept: application/json");

    for (const curl_slist* item = headers.get(); item != nullptr; item = item->next) {
        headersWithBody = appendTo(std::move(headersWithBody), item->data);
    }
    headersWithBody = appendTo(std::move(headersWithBody), "Content-Type: application/json");
    headersWithBody = appendTo(std::move(headersWithBody), "Expect:");  // no 100-continue
    // An empty POST has no type.
    headers = appendTo(std::move(headers), "Content-Type:");
}

Exchange::Exchange(const Upstream& upstream, const UpstreamOptions& options, CURLSH* share)
    : upstream_(upstream),
      options_(options),
      url_(curl_url_dup(options.url.get())),
      easy_(url_ != nullptr ? curl_easy_init() : nullptr) {
    CURL* easy = easy_.get();
    if (easy == nullptr) {
        return;
    }
    // Read once: from text, libcurl would parse it, take it apart and put it
    // together again for each transfer.
    curl_easy_setopt(easy, CURLOPT_CURLU, url_.get());
    curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_.data());
    curl_easy_setopt(easy, CURLOPT_SHARE, share);

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // never wait for a resolver thread
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // whatever the environment says
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kMaxIdleSeconds);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(upstream.connectTimeout));

    // 7.88 reports aborted HTTP/2 bodies as complete (curl issues 10693, 10715).
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                     static_cast<curl_off_t>(upstream.maxResponse));

    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, upstream.verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, upstream.verify ? 2L : 0L);
    // With a CA directory libcurl cannot share the parsed certificates: 1 MB
    // and 30 ms for each connection.
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    if (!upstream.trustedCertificates.empty()) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, upstream.trustedCertificates.c_str());
    }

    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kReceiveBuffer);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kSendBuffer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, onBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, onHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, onRead);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
}

void Exchange::prepare(TransferRequest request, std::uint64_t timeout, curl_slist* resolve) {
    request_ = std::move(request);
    CURL* easy = easy_.get();

    setTarget();
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout));
    if (resolve != nullptr) {
        curl_easy_setopt(easy, CURLOPT_RESOLVE, resolve);
    }
    curl_easy_setopt(
        easy, CURLOPT_HTTPHEADER,
        request_.body.empty() ? options_.headers.get() : options_.headersWithBody.get());
    setMethod();
}

void Exchange::setTarget() {
    const auto mark = request_.path.find('?');
    const std::string path = upstream_.path + request_.path.substr(0, mark);
    std::string query = mark == std::string::npos ? "" : request_.path.substr(mark + 1);
    if (!upstream_.query.empty()) {
        query += (query.empty() ? "" : "&") + upstream_.query;
    }
    // What stands there now is the last transfer's.
    if (curl_url_set(url_.get(), CURLUPART_PATH, path.c_str(), 0) != CURLUE_OK ||
        curl_url_set(url_.get(), CURLUPART_QUERY, query.empty() ? nullptr : query.c_str(), 0) !=
            CURLUE_OK) {
        throw std::bad_alloc();
    }
}

void Exchange::setMethod() {
    CURL* easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, nullptr);
    switch (request_.method) {
        case HttpMethod::Get:
            curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
            return;
        case HttpMethod::Delete:
            curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
            return;
        case HttpMethod::Post:
            curl_easy_setopt(easy, CURLOPT_POST, 1L);
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                             static_cast<curl_off_t>(request_.body.size()));
            // libcurl repeats a request on its own when a kept connection dies
            // under it, though the server may have carried it out. It cannot
            // rewind a body that it was given by the read function.
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                             request_.once ? nullptr : request_.body.data());
            return;
    }
}

TransferResult Exchange::result(CURLcode code) {
    long status = 0;
    long requestBytes = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &requestBytes);

    result_.status = static_cast<int>(status);
    hideSecrets();
    result_.body = body_;
    if (code == CURLE_OK) {
        result_.outcome = TransferOutcome::Complete;
        return result_;
    }

    result_.reason = error_[0] != '\0' ? std::string_view(error_.data())
                                       : std::string_view(curl_easy_strerror(code));
    if (tooLarge_ || code == CURLE_FILESIZE_EXCEEDED) {
        result_.outcome = TransferOutcome::TooLarge;
    } else if (requestBytes == 0) {
        result_.outcome = TransferOutcome::NotSent;
    } else {
        result_.outcome = TransferOutcome::Unknown;
    }
    return result_;
}

/// What a server says about a key that it does not like may repeat the key.
void Exchange::hideSecrets() {
    for (const std::string& secret : upstream_.secrets) {
        if (secret.size() < kLeastSecret) {
            continue;
        }
        for (std::size_t at = body_.find(secret); at != std::string::npos;
             at = body_.find(secret, at + secret.size())) {
            body_.replace(at, secret.size(), secret.size(), '*');
        }
    }
}

void Exchange::reset() {
    curl_easy_setopt(easy_.get(), CURLOPT_RESOLVE, nullptr);
    const TransferRequest done(std::move(request_));  // assigned to, it would keep its memory
    sent_ = 0;
    body_.clear();
    if (body_.capacity() > kKeptCapacity) {
        body_.shrink_to_fit();
    }
    headerBytes_ = 0;
    tooLarge_ = false;
    result_ = {};
    error_[0] = '\0';
    transfer = nullptr;
    guard = nullptr;
    news = nullptr;
}

std::size_t Exchange::onBody(char* bytes, std::size_t size, std::size_t count,
                             void* self) noexcept {
    auto* exchange = static_cast<Exchange*>(self);
    const std::size_t length = size * count;
    if (length > exchange->upstream_.maxResponse - exchange->body_.size()) {
        exchange->tooLarge_ = true;
        return 0;
    }
    try {
        exchange->body_.append(bytes, length);
    } catch (const std::bad_alloc&) {
        return 0;
    }
    return length;
}

std::size_t Exchange::onHeader(char* bytes, std::size_t size, std::size_t count,
                               void* self) noexcept {
    auto* exchange = static_cast<Exchange*>(self);
    const std::size_t length = size * count;
    exchange->headerBytes_ += length;
    if (exchange->headerBytes_ > kMaxHeaderBytes) {
        exchange->tooLarge_ = true;
        return 0;
    }
    try {
        exchange->takeHeader({bytes, length});
    } catch (const std::bad_alloc&) {
        return 0;
    }
    return length;
}

std::size_t Exchange::onRead(char* bytes, std::size_t size, std::size_t count,
                             void* self) noexcept {
    auto* exchange = static_cast<Exchange*>(self);
    const bool isForbidden = exchange->guard == nullptr || !exchange->guard->mayStillSend();
    if (exchange->sent_ == 0 && isForbidden) {
        return CURL_READFUNC_ABORT;
    }
    const std::string& body = exchange->request_.body;
    const std::size_t length = std::min(size * count, body.size() - exchange->sent_);
    std::memcpy(bytes, body.data() + exchange->sent_, length);
    exchange->sent_ += length;
    return length;
}

void Exchange::takeHeader(std::string_view line) {
    if (line.empty()) {
        return;
    }
    // The four names begin with r, o or x.
    switch (line[0] | 0x20) {
        case 'r':
            if (isNamed(line, "retry-after-ms")) {
                if (auto ms = milliseconds(valueOf(line), 1)) {
                    result_.retryAfter = ms;
                }
            } else if (isNamed(line, "retry-after") && !result_.retryAfter) {
                result_.retryAfter = retryAfter(valueOf(line));
            }
            return;
        case 'o':
            if (isNamed(line, "openai-poll-after-ms")) {
                result_.pollAfter = milliseconds(valueOf(line), 1);
            }
            return;
        case 'x':
            if (isNamed(line, "x-should-retry")) {
                const auto value = valueOf(line);
                if (value == "true" || value == "false") {
                    result_.shouldRetry = value == "true";
                }
            }
            return;
        default:
            return;
    }
}

}  // namespace edgerun::loop
