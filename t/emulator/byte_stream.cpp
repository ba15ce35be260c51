#include "byte_stream.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>

namespace emulator {

SslContext makeServerContext(const std::string& certificateFile, const std::string& keyFile) {
    SslContext context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* raw = context.get();
    if (raw == nullptr || SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
        SSL_CTX_use_certificate_chain_file(raw, certificateFile.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(raw, keyFile.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(raw) != 1) {
        ERR_print_errors_fp(stderr);
        return nullptr;
    }
    SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    return context;
}

ByteStream::ByteStream(int fd, SSL_CTX* context) : fd_(fd) {
    if (context != nullptr) {
        ssl_.reset(SSL_new(context));
        SSL_set_fd(ssl_.get(), fd);
        SSL_set_accept_state(ssl_.get());
    }
}

ByteStream::~ByteStream() {
    if (ssl_ != nullptr && !isReset_ && SSL_is_init_finished(ssl_.get())) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
    }
    close(fd_);
}

ByteStream::Result ByteStream::read(char* buffer, std::size_t size, std::size_t& count) {
    if (ssl_ != nullptr) {
        ERR_clear_error();
        const int outcome = SSL_read_ex(ssl_.get(), buffer, size, &count);
        return tlsResult(outcome);
    }
    const ssize_t got = recv(fd_, buffer, size, 0);
    if (got > 0) {
        count = static_cast<std::size_t>(got);
        return Result::kDone;
    }
    if (got == 0) {
        return Result::kEnd;
    }
    return errno == EAGAIN || errno == EINTR ? Result::kAgain : Result::kFailed;
}

ByteStream::Result ByteStream::write(std::string_view bytes, std::size_t& count) {
    if (ssl_ != nullptr) {
        ERR_clear_error();
        const int outcome = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
        return tlsResult(outcome);
    }
    const ssize_t put = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put >= 0) {
        count = static_cast<std::size_t>(put);
        return Result::kDone;
    }
    return errno == EAGAIN || errno == EINTR ? Result::kAgain : Result::kFailed;
}

ByteStream::Result ByteStream::tlsResult(int outcome) {
    wantsWrite_ = false;
    if (outcome == 1) {
        return Result::kDone;
    }
    const int error = SSL_get_error(ssl_.get(), outcome);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        wantsWrite_ = error == SSL_ERROR_WANT_WRITE;
        return Result::kAgain;
    }
    return error == SSL_ERROR_ZERO_RETURN ? Result::kEnd : Result::kFailed;
}

void ByteStream::makeReset() {
    const linger none{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    isReset_ = true;
}

}  // namespace emulator
