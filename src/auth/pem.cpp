#include "pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "public_key.h"

namespace edgerun::auth {
namespace {

using ReadKey = std::variant<VerificationKeyPtr, UnusableKey>;

struct PemRelease {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(char* text) const noexcept { OPENSSL_free(text); }
};

/// Owns what PEM_read_bio() allocates. The bytes may be those of a private key.
class Block {
public:
    Block() = default;
    ~Block() {
        OPENSSL_free(label_);
        OPENSSL_free(header_);
        OPENSSL_clear_free(bytes_, static_cast<std::size_t>(size_));
    }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;

    bool read(BIO* in) { return PEM_read_bio(in, &label_, &header_, &bytes_, &size_) == 1; }
    std::string_view label() const { return label_; }
    const unsigned char* begin() const { return bytes_; }
    const unsigned char* end() const { return bytes_ + size_; }
    long size() const { return size_; }

private:
    char* label_ = nullptr;
    char* header_ = nullptr;
    unsigned char* bytes_ = nullptr;
    long size_ = 0;
};

ReadKey keyOf(const Block& block);

}  // namespace

std::vector<ReadKey> readPem(std::string_view text, std::size_t maxBlocks) {
    std::vector<ReadKey> keys;
    const ErrorQueueGuard guard;
    const std::unique_ptr<BIO, PemRelease> in(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    while (in && keys.size() < maxBlocks) {
        Block block;
        if (block.read(in.get())) {
            keys.push_back(keyOf(block));
        } else if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
            break;
        } else {
            keys.emplace_back(UnusableKey{"is damaged: its lines are not those of PEM"});
        }
    }
    return keys;
}

namespace {

/// Null unless the block is one key to its last byte.
PublicKey subjectKeyOf(const Block& block) {
    const unsigned char* at = block.begin();
    PublicKey key(d2i_PUBKEY(nullptr, &at, block.size()));
    return at == block.end() ? std::move(key) : nullptr;
}

PublicKey certifiedKeyOf(const Block& block) {
    const unsigned char* at = block.begin();
    const std::unique_ptr<X509, PemRelease> certificate(d2i_X509(nullptr, &at, block.size()));
    return certificate && at == block.end() ? PublicKey(X509_get_pubkey(certificate.get()))
                                            : nullptr;
}

struct BlockKind {
    std::string_view label;
    PublicKey (*keyOf)(const Block& block);
};

constexpr BlockKind kBlockKinds[] = {
    {"PUBLIC KEY", subjectKeyOf},
    {"CERTIFICATE", certifiedKeyOf},
};

UnusableKey otherBlock(std::string_view label) {
    if (label.find("PRIVATE KEY") != std::string_view::npos) {
        return {"is a private key (" + std::string(label) +
                "); give its public key, as \"openssl pkey -pubout\" writes it"};
    }
    return {"is neither PUBLIC KEY nor CERTIFICATE"};
}

ReadKey keyOf(const Block& block) {
    for (const BlockKind& kind : kBlockKinds) {
        if (kind.label != block.label()) {
            continue;
        }
        PublicKey key = kind.keyOf(block);
        if (!key) {
            return UnusableKey{"is damaged, or of a kind that OpenSSL does not know"};
        }
        return makePublicKey(std::move(key), {}, AlgorithmSet::all());
    }
    return otherBlock(block.label());
}

}  // namespace
}  // namespace edgerun::auth
