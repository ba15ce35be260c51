#include "edgerun/store/journal_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <optional>
#include <utility>

#include "journal_names.h"
#include "journal_segment.h"

namespace edgerun::store {

namespace {

constexpr std::int64_t kReservePause = 1'000;  // ms

constexpr JournalWritten kDone{true};

std::int64_t millisecondsOf(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

std::optional<std::uint64_t> randomNumber() {
    std::uint64_t number = 0;
    return getrandom(&number, sizeof(number), 0) == sizeof(number) ? std::optional(number)
                                                                   : std::nullopt;
}

struct LockedWriter {
    std::uint64_t writer;
    OpenFile lock;
};

/// Nobody else's from the start: somebody who lists the directory may lock the new file before its
/// maker does, finds a writer without files and removes it; then another number is taken.
std::optional<LockedWriter> makeWriter(const std::string& directory, std::string& problem) {
    for (int attempt = 0; attempt < 16; ++attempt) {
        const auto writer = randomNumber();
        const std::string path = lockPath(directory, writer.value_or(0));
        const OpenFile made(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!writer || !made) {
            problem = problemWith("create", path, errno);
            return std::nullopt;
        }
        if (OpenFile lock = lockWriter(directory, *writer)) {
            return LockedWriter{*writer, std::move(lock)};
        }
    }
    problem = problemWith("lock a new file in", directory, errno);
    return std::nullopt;
}

}  // namespace

struct JournalWriter::Files {
    std::string directory;
    std::uint64_t instance;
    std::size_t segmentBytes;
    const JournalDisk& disk;
    std::uint64_t writer;
    OpenFile lock;

    std::optional<OpenSegment> present = {};
    std::uint32_t lastNumber = 0;
    int reserveError = ENOENT;        // 0: there is one
    std::int64_t reserveTriedAt = 0;  // monotonic ms
    /// A failure that nobody has been told of.
    std::optional<JournalWritten> owed = {};

    struct TakenOver {
        WriterFiles files;
        OpenFile lock;
    };
    std::map<std::uint64_t, TakenOver> takenOver = {};
};

std::unique_ptr<JournalWriter> JournalWriter::create(const std::string& directory,
                                                     std::uint64_t instance, std::string& problem,
                                                     std::size_t segmentBytes,
                                                     const JournalDisk& disk) {
    auto locked = makeWriter(directory, problem);
    if (!locked) {
        return nullptr;
    }
    std::unique_ptr<Files> files(new Files{directory, instance, segmentBytes, disk, locked->writer,
                                           std::move(locked->lock)});
    std::unique_ptr<JournalWriter> writer(new JournalWriter(std::move(files)));
    const JournalWritten begun = writer->beginSegment(0);
    if (!begun.isDone) {
        problem = problemWith("create a segment in", directory, begun.error);
        return nullptr;
    }
    return writer;
}

JournalWriter::JournalWriter(std::unique_ptr<Files> files)
    : writer_(files->writer), files_(std::move(files)) {}

JournalWriter::~JournalWriter() {
    seal();
    unlink(reservePath(files_->directory, writer_).c_str());
    const bool hasOwn = std::any_of(sealed_.begin(), sealed_.end(), [this](const Segment& segment) {
        return segment.header.writer == writer_;
    });
    if (!hasOwn) {
        removeWriter(files_->directory, {writer_, 0, {}, {}});
    }
}

// --- writing ---

JournalWritten JournalWriter::write(std::string_view frames, bool flush) {
    if (files_->owed) {
        return *std::exchange(files_->owed, std::nullopt);
    }
    keepReserve();
    if (const JournalWritten room = makeRoom(frames.size()); !room.isDone) {
        return room;
    }
    if (!files_->present->append(frames)) {
        return fail("write");
    }
    return flush ? flushPresent() : kDone;
}

JournalWritten JournalWriter::flush() {
    if (files_->owed) {
        return *std::exchange(files_->owed, std::nullopt);
    }
    return files_->present ? flushPresent() : kDone;
}

JournalWritten JournalWriter::makeRoom(std::size_t bytes) {
    if (files_->present && files_->present->fits(bytes)) {
        return kDone;
    }
    if (files_->present) {
        // What is sealed is flushed, or it would be forgotten by flush().
        if (const JournalWritten flushed = flushPresent(); !flushed.isDone) {
            return flushed;
        }
        seal();
    }
    return beginSegment(bytes);
}

JournalWritten JournalWriter::beginSegment(std::size_t bytes) {
    if (files_->lastNumber == kLastSegmentNumber) {
        return {false, EFBIG, "create a segment"};
    }
    const std::size_t capacity = std::max(files_->segmentBytes, kSegmentHeaderBytes + bytes);
    const SegmentHeader header{writer_, files_->instance, files_->lastNumber + 1,
                               millisecondsOf(CLOCK_REALTIME)};
    const std::string path = segmentPath(files_->directory, writer_, header.number);
    OpenFile file = openNext(path, capacity);
    if (file) {
        // Even if it comes to nothing: a name that may be on the disk is not used again.
        files_->lastNumber = header.number;
        files_->present = OpenSegment::begin(files_->disk, std::move(file), path, header, capacity);
    }
    if (!files_->present) {
        return {false, errno, "create a segment"};
    }
    if (files_->reserveError != 0) {
        makeReserve();
    }
    return kDone;
}

/// The reserve becomes the next segment when the disk is full.
OpenFile JournalWriter::openNext(const std::string& path, std::size_t bytes) {
    OpenFile file = makeAllocated(files_->disk, path, bytes);
    if (file || !isDiskFull(errno)) {
        return file;
    }
    if (files_->reserveError != 0 || bytes > files_->segmentBytes) {
        return OpenFile();
    }
    const int full = errno;
    file = renameReserve(path);
    if (file || errno == ENOENT) {
        files_->reserveError = full;
    }
    return file;
}

/// Opened first: what cannot be opened must not take a segment's name.
OpenFile JournalWriter::renameReserve(const std::string& path) {
    const std::string reserve = reservePath(files_->directory, writer_);
    OpenFile file(open(reserve.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!file || rename(reserve.c_str(), path.c_str()) != 0) {
        return OpenFile();
    }
    return file;
}

void JournalWriter::keepReserve() {
    if (files_->reserveError != 0 &&
        millisecondsOf(CLOCK_MONOTONIC) - files_->reserveTriedAt >= kReservePause) {
        makeReserve();
    }
}

void JournalWriter::makeReserve() {
    files_->reserveTriedAt = millisecondsOf(CLOCK_MONOTONIC);
    const OpenFile made =
        makeAllocated(files_->disk, reservePath(files_->directory, writer_), files_->segmentBytes);
    files_->reserveError = made ? 0 : errno;
}

int JournalWriter::reserveError() const {
    return files_->reserveError;
}

bool JournalWriter::isOnReserve() const {
    return isDiskFull(files_->reserveError);
}

JournalWritten JournalWriter::flushPresent() {
    return files_->present->flush() ? kDone : fail("flush");
}

JournalWritten JournalWriter::fail(std::string_view what) {
    const JournalWritten failure{false, errno, what};
    seal();
    return failure;
}

/// A segment in which nothing stands that counts is removed.
void JournalWriter::seal() {
    if (!files_->present) {
        return;
    }
    const bool isEmpty = files_->present->isEmpty();
    Segment segment = std::move(*files_->present).close();
    files_->present.reset();
    if (isEmpty) {
        unlink(segment.path.c_str());
    } else {
        sealed_.push_back(std::move(segment));
    }
}

// --- what is written no more ---

void JournalWriter::sealIfOlder(std::int64_t before) {
    const auto& present = files_->present;
    if (!present || present->isEmpty() || present->header().createdWall >= before) {
        return;
    }
    if (const JournalWritten flushed = flushPresent(); !flushed.isDone) {
        files_->owed = flushed;
        return;
    }
    seal();
}

void JournalWriter::takeOver(WriterFiles files, OpenFile lock) {
    if (files.segments.empty()) {
        removeWriter(files_->directory, files);
        return;
    }
    for (Segment& segment : files.segments) {
        sealed_.push_back(std::move(segment));
    }
    files.segments.clear();
    std::stable_sort(sealed_.begin(), sealed_.end(), [](const Segment& a, const Segment& b) {
        return a.header.createdWall < b.header.createdWall;
    });
    const std::uint64_t writer = files.writer;
    files_->takenOver.insert_or_assign(writer, Files::TakenOver{std::move(files), std::move(lock)});
}

void JournalWriter::remove(const Segment& segment) {
    const std::uint64_t writer = segment.header.writer;
    const auto at = std::find_if(sealed_.begin(), sealed_.end(), [&](const Segment& sealed) {
        return sealed.path == segment.path;
    });
    if (at == sealed_.end()) {
        return;
    }
    unlink(at->path.c_str());
    sealed_.erase(at);  // `segment` may be this one: it is not looked at any more

    const bool isLast = std::none_of(sealed_.begin(), sealed_.end(), [&](const Segment& sealed) {
        return sealed.header.writer == writer;
    });
    const auto former = files_->takenOver.find(writer);
    if (isLast && former != files_->takenOver.end()) {
        removeWriter(files_->directory, former->second.files);
        files_->takenOver.erase(former);
    }
}

}  // namespace edgerun::store
