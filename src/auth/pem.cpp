#include "pem.h"

#include <openssl/pem.h>

#include <algorithm>

#include "public_key.h"

namespace edgerun::auth {
namespace {

using ReadKey = std::variant<VerificationKeyPtr, UnusableKey>;

constexpr const char* kDamaged =
    "is damaged: BEGIN and END must be lines of their own, with lines of base64 between them";

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
    std::string_view der() const {
        return {reinterpret_cast<const char*>(bytes_), static_cast<std::size_t>(size_)};
    }

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
    const Owned<BIO> in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    while (in && keys.size() < maxBlocks) {
        Block block;
        if (block.read(in.get())) {
            keys.push_back(keyOf(block));
        } else if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
            break;
        } else {
            keys.emplace_back(UnusableKey{kDamaged});
        }
    }
    if (keys.empty()) {
        keys.emplace_back(UnusableKey{kDamaged});
    }
    return keys;
}

namespace {

struct BlockKind {
    std::string_view label;
    PublicKey (*read)(std::string_view der);
};

constexpr BlockKind kBlockKinds[] = {
    {"PUBLIC KEY", readSubjectKey},
    {"CERTIFICATE", readCertifiedKey},
};

/// A label is whatever stands in the file; not everything is fit for a log.
std::string shown(std::string_view label) {
    const bool isPlain = std::all_of(label.begin(), label.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
    });
    return isPlain ? "\"" + std::string(label) + "\"" : "of an unknown kind";
}

UnusableKey otherBlock(std::string_view label) {
    if (label.find("PRIVATE KEY") != std::string_view::npos) {
        return {"is " + shown(label) +
                ", a private key; give its public key, as \"openssl pkey -pubout\" writes it"};
    }
    return {"is " + shown(label) + ", neither PUBLIC KEY nor CERTIFICATE"};
}

ReadKey keyOf(const Block& block) {
    for (const BlockKind& kind : kBlockKinds) {
        if (kind.label != block.label()) {
            continue;
        }
        PublicKey key = kind.read(block.der());
        if (!key) {
            return UnusableKey{"is damaged, or of a kind that OpenSSL does not know"};
        }
        return makePublicKey(std::move(key), {}, AlgorithmSet::all());
    }
    return otherBlock(block.label());
}

}  // namespace
}  // namespace edgerun::auth
