#include "edgerun/store/journal_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <utility>

#include "journal_claim.h"
#include "journal_names.h"
#include "open_directory.h"

namespace edgerun::store {

namespace {

struct RegularFile {
    OpenFile file;
    std::size_t bytes = 0;
};

/// nullopt, with errno, if it is none, or cannot be read.
std::optional<RegularFile> openRegular(const std::string& path) {
    // A pipe of that name must not hold us up.
    OpenFile file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    struct stat status;
    if (!file || fstat(file.fd(), &status) != 0) {
        return std::nullopt;
    }
    if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return std::nullopt;
    }
    return RegularFile{std::move(file), static_cast<std::size_t>(status.st_size)};
}

using Writers = std::map<std::uint64_t, WriterFiles>;

/// The first bytes of a file that should be a segment.
struct Beginning {
    std::string bytes;
    std::size_t fileBytes = 0;
};

std::optional<Beginning> readBeginning(const std::string& path) {
    const auto segment = openRegular(path);
    if (!segment) {
        return std::nullopt;
    }
    // With the length of the first record, which tells whether there is one.
    Beginning beginning{std::string(kSegmentHeaderBytes + sizeof(std::uint32_t), '\0'),
                        segment->bytes};
    ssize_t got;
    do {
        got = pread(segment->file.fd(), beginning.bytes.data(), beginning.bytes.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return std::nullopt;
    }
    beginning.bytes.resize(static_cast<std::size_t>(got));
    return beginning;
}

/// The header is on the disk before the first record: where there is a record, the header was
/// whole once, and the segment is damaged rather than unused.
bool hasRecords(const Beginning& beginning) {
    return beginning.bytes.find_first_not_of('\0', kSegmentHeaderBytes) != std::string::npos;
}

/// Why a segment cannot be read; null when it was never used.
const char* problemOf(HeaderFault fault, const Beginning& beginning) {
    switch (fault) {
        case HeaderFault::Torn:
            return hasRecords(beginning) ? "its header is damaged" : nullptr;
        case HeaderFault::Foreign:
            return "it is no journal of edgerun";
        case HeaderFault::LaterFormat:
            return "a later version of edgerun wrote it";
    }
    return nullptr;
}

class Lister {
public:
    explicit Lister(const std::string& directory) : directory_(directory) {}

    void add(const JournalName& name) {
        WriterFiles& files = writers_[name.writer];
        files.writer = name.writer;
        if (name.kind == JournalName::Kind::Segment) {
            addSegment(files, name);
        }
    }

    DirectoryListing finish() && {
        const Claims claims = readClaims(directory_);
        for (auto& [writer, files] : writers_) {
            std::sort(files.segments.begin(), files.segments.end(),
                      [](const Segment& a, const Segment& b) {
                          return a.header.number < b.header.number;
                      });
            const auto claim = claims.find(writer);
            if (files.instance != 0 && claim != claims.end()) {
                files.instance = claim->second;
            }
            listing_.writers.push_back(std::move(files));
        }
        return std::move(listing_);
    }

private:
    void addSegment(WriterFiles& files, const JournalName& name) {
        const std::string path = segmentPath(directory_, name.writer, name.number);
        const auto beginning = readBeginning(path);
        if (!beginning) {
            // Its owner has removed it meanwhile.
            if (errno != ENOENT) {
                listing_.problems.push_back(problemWith("read", path, errno));
            }
            return;
        }
        HeaderFault fault{};
        const auto header = decodeSegmentHeader(beginning->bytes, fault);
        if (!header) {
            if (const char* problem = problemOf(fault, *beginning)) {
                addProblem(path, problem);
            } else {
                files.torn.push_back(path);
            }
        } else if (header->writer != name.writer || header->number != name.number) {
            addProblem(path, "its header names another file");
        } else if (files.instance != 0 && files.instance != header->instance) {
            addProblem(path, "it is of another zone than its writer's other files");
        } else {
            files.instance = header->instance;
            files.segments.push_back({path, *header, beginning->fileBytes});
        }
    }

    void addProblem(const std::string& path, const char* reason) {
        listing_.problems.push_back("cannot use \"" + path + "\": " + reason);
    }

    const std::string& directory_;
    Writers writers_;
    DirectoryListing listing_;
};

}  // namespace

DirectoryListing listJournal(const std::string& directory) {
    const OpenDirectory open(opendir(directory.c_str()));
    if (!open) {
        return {{}, {problemWith("open", directory, errno)}};
    }
    Lister lister(directory);
    while (const dirent* entry = readdir(open.get())) {
        if (const auto name = parseJournalName(entry->d_name)) {
            lister.add(*name);
        }
    }
    return std::move(lister).finish();
}

void removeWriter(const std::string& directory, const WriterFiles& files) {
    for (const Segment& segment : files.segments) {
        unlink(segment.path.c_str());
    }
    for (const std::string& path : files.torn) {
        unlink(path.c_str());
    }
    unlink(reservePath(directory, files.writer).c_str());
    unlink(lockPath(directory, files.writer).c_str());
}

void keepDamaged(const Segment& segment) {
    rename(segment.path.c_str(), (segment.path + ".damaged").c_str());
}

std::optional<SegmentBytes> SegmentBytes::map(const std::string& path) {
    const auto segment = openRegular(path);
    if (!segment) {
        return std::nullopt;
    }
    const std::size_t size = segment->bytes;
    if (size == 0) {
        return SegmentBytes(nullptr, 0);
    }
    // Nobody ever makes a segment shorter, so what is mapped stays readable.
    void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, segment->file.fd(), 0);
    if (data == MAP_FAILED) {
        return std::nullopt;
    }
    SegmentBytes bytes(static_cast<const char*>(data), size);
    // Reads all of it now: what the disk cannot give is an error here, and a SIGBUS later. Kernels
    // before 5.14 do not know this call.
    if (madvise(data, size, MADV_POPULATE_READ) != 0 && errno == EFAULT) {
        errno = EIO;
        return std::nullopt;
    }
    return bytes;
}

SegmentBytes::~SegmentBytes() {
    if (data_ != nullptr) {
        munmap(const_cast<char*>(data_), size_);
    }
}

SegmentBytes::SegmentBytes(SegmentBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

}  // namespace edgerun::store
