#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace emulator {

struct SslRelease {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslRelease>;

// A server context from PEM files; empty (and a message on stderr) when they do not fit.
SslContext makeServerContext(const std::string& certificateFile, const std::string& keyFile);

// One accepted socket, plain or TLS, never blocking. Owns the descriptor.
class ByteStream {
public:
    enum class Result { kDone, kAgain, kEnd, kFailed };

    ByteStream(int fd, SSL_CTX* context);
    ~ByteStream();
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;

    int fd() const { return fd_; }

    // kDone: `count` bytes moved (at least one).
    Result read(char* buffer, std::size_t size, std::size_t& count);
    Result write(std::string_view bytes, std::size_t& count);

    // TLS may hold bytes that the socket no longer announces.
    bool hasBuffered() const { return ssl_ != nullptr && SSL_pending(ssl_.get()) > 0; }
    // TLS may have to write in order to read.
    bool wantsWrite() const { return wantsWrite_; }

    // The peer will see a reset in place of an orderly end.
    void makeReset();

private:
    Result tlsResult(int outcome);

    int fd_;
    std::unique_ptr<SSL, SslRelease> ssl_;
    bool wantsWrite_ = false;
    bool isReset_ = false;
};

}  // namespace emulator
