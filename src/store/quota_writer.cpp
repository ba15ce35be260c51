#include "edgerun/store/quota_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "edgerun/store/crash_point.h"
#include "edgerun/store/quota_files.h"
#include "edgerun/store/quota_frames.h"

namespace edgerun::store {

namespace {

constexpr int kAppend = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
constexpr std::size_t kRecordsAtOnce = 4096;
constexpr std::size_t kGrowth = 4;  // times what is worth keeping
constexpr std::size_t kSpareFrames = 64;
constexpr int kAttempts = 8;

bool isLocked(const std::string& path) {
    const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    return file && flock(file.fd(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

/// Waits for those who only look whether it is locked.
bool lockShared(const OpenFile& file) {
    int result;
    do {
        result = flock(file.fd(), LOCK_SH);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

/// Keeps room for what is to be copied, so that a full disk is met before anything depends on the
/// file. Some file systems cannot.
bool reserve(const OpenFile& file, std::size_t bytes) {
    return fallocate(file.fd(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) == 0 ||
           errno == EOPNOTSUPP || errno == ENOSYS;
}

}  // namespace

QuotaWriter::QuotaWriter(std::string directory, const QuotaCounters& counters,
                         std::size_t leastRenewed)
    : directory_(std::move(directory)), counters_(counters), leastRenewed_(leastRenewed) {}

// --- writing ---

/// The number is read after the zone was changed: see above why that matters.
QuotaWritten QuotaWriter::write(std::string_view frames) {
    const QuotaWritten found = useCurrent();
    return found == QuotaWritten::Done ? append(frames) : found;
}

QuotaWritten QuotaWriter::flush() {
    if (!isDirty_) {
        return QuotaWritten::Done;
    }
    isDirty_ = false;
    return fdatasync(file_.fd()) == 0 ? QuotaWritten::Done
                                      : fail("flush", quotaFilePath(directory_, number_));
}

QuotaWritten QuotaWriter::useCurrent() {
    const std::uint64_t number = counters_.journalNumber();
    if (number == 0) {
        return begin(0);
    }
    return file_ && number == number_ ? QuotaWritten::Done : open(number);
}

/// One that somebody has removed is made again, and outdone soon.
QuotaWritten QuotaWriter::open(std::uint64_t number) {
    const std::string path = quotaFilePath(directory_, number);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        OpenFile file(::open(path.c_str(), kAppend));
        if (!file && errno == ENOENT) {
            wantsRenewal_ = true;
            file = OpenFile(::open(path.c_str(), kAppend | O_CREAT, 0600));
        }
        if (!file || !lockShared(file)) {
            return fail("open", path);
        }
        if (isStillNamed(file, path)) {
            take(std::move(file), number);
            return QuotaWritten::Done;
        }
    }
    return fail("keep", path);
}

QuotaWritten QuotaWriter::append(std::string_view frames) {
    ssize_t written;
    do {
        errno = 0;
        written = ::write(file_.fd(), frames.data(), frames.size());
    } while (written < 0 && errno == EINTR);
    isDirty_ = isDirty_ || written > 0;
    if (written == static_cast<ssize_t>(frames.size())) {
        return QuotaWritten::Done;
    }
    errno = written < 0 ? errno : ENOSPC;
    return fail("write", quotaFilePath(directory_, number_));
}

/// The former file is flushed, though all that it holds will stand in this one: that may take time.
void QuotaWriter::take(OpenFile file, std::uint64_t number) {
    if (isDirty_) {
        static_cast<void>(fdatasync(file_.fd()));
    }
    isDirty_ = false;
    file_ = std::move(file);
    number_ = number;
}

/// What a failed write or flush has left in a file is not to be relied on: all is said anew in
/// another one.
QuotaWritten QuotaWriter::fail(std::string_view doing, const std::string& path) {
    problem_.error = errno;
    problem_.text = "cannot " + std::string(doing) + " \"" + path + "\"";
    file_ = OpenFile();
    isDirty_ = false;
    renewal_.reset();
    wantsRenewal_ = true;
    return QuotaWritten::Failed;
}

// --- whatever is due ---

QuotaWritten QuotaWriter::keepUp() {
    if (renewal_) {
        return renewSome();
    }
    QuotaWritten done = useCurrent();
    if (done == QuotaWritten::Done && !renewal_ && isRenewalDue()) {
        done = begin(number_);
    }
    if (done == QuotaWritten::Done && !renewal_) {
        removeFormer();
    }
    return done;
}

bool QuotaWriter::isRenewalDue() {
    struct stat status;
    if (wantsRenewal_ || fstat(file_.fd(), &status) != 0) {
        return true;
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > leastRenewed_ && size > kGrowth * neededBytes()) {
        return true;
    }
    const auto numbers = listQuotaFiles(directory_);
    return numbers && !numbers->empty() && numbers->back() > counters_.journalNumber();
}

std::size_t QuotaWriter::neededBytes() {
    const auto gauges = counters_.gauges();
    const std::size_t used = std::size_t{gauges.counters} + gauges.holds;
    return (used + kSpareFrames) * kQuotaFrameBytes;
}

/// `former` is the zone's number, by which it was found to be due; 0: nobody has begun yet.
QuotaWritten QuotaWriter::begin(std::uint64_t former) {
    const std::string path = directory_ + "/lock";
    OpenFile lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) {
        return fail("open", path);
    }
    if (flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? QuotaWritten::Busy : fail("lock", path);
    }
    if (counters_.journalNumber() != former) {
        return useCurrent();  // somebody was faster
    }
    const auto numbers = listQuotaFiles(directory_);
    if (!numbers) {
        return fail("read", directory_);
    }
    if (former != 0 && isOutdone(*numbers, former)) {
        wantsRenewal_ = false;
        return QuotaWritten::Done;
    }
    const std::uint64_t last = numbers->empty() ? 0 : numbers->back();
    return beginFile(std::max(last, former) + 1, std::move(lock));
}

/// By a later life that lives.
bool QuotaWriter::isOutdone(const std::vector<std::uint64_t>& numbers, std::uint64_t number) const {
    return std::any_of(numbers.begin(), numbers.end(), [&](std::uint64_t other) {
        return other > number && isLocked(quotaFilePath(directory_, other));
    });
}

QuotaWritten QuotaWriter::beginFile(std::uint64_t number, OpenFile lock) {
    const std::string path = quotaFilePath(directory_, number);
    OpenFile file(::open(path.c_str(), kAppend | O_CREAT | O_EXCL, 0600));
    if (!file) {
        return fail("create", path);
    }
    if (!lockShared(file) || !reserve(file, neededBytes()) || !flushDirectory(directory_)) {
        const QuotaWritten failed = fail("begin", path);
        unlink(path.c_str());
        return failed;
    }
    counters_.setJournalNumber(number);
    EDGERUN_CRASH_POINT(quota_file_begun);
    take(std::move(file), number);
    renewal_.emplace(Renewal{std::move(lock), 0});
    wantsRenewal_ = false;
    return QuotaWritten::Done;
}

// --- all is said anew ---

QuotaWritten QuotaWriter::renewSome() {
    std::string frames;
    for (const QuotaRecord& record : counters_.records(renewal_->cursor, kRecordsAtOnce)) {
        appendCopy(frames, record);
    }
    if (!frames.empty() && append(frames) == QuotaWritten::Failed) {
        return QuotaWritten::Failed;
    }
    EDGERUN_CRASH_POINT(quota_file_copied);
    return renewal_->cursor != 0 ? QuotaWritten::Done : finishRenewal();
}

/// The mark must not be on the disk without what it speaks of.
QuotaWritten QuotaWriter::finishRenewal() {
    std::string mark;
    appendWholeMark(mark);
    isDirty_ = true;
    if (flush() == QuotaWritten::Failed || append(mark) == QuotaWritten::Failed ||
        flush() == QuotaWritten::Failed) {
        return QuotaWritten::Failed;
    }
    EDGERUN_CRASH_POINT(quota_file_whole);
    removeBelow_ = number_;
    renewal_.reset();
    removeFormer();
    return QuotaWritten::Done;
}

/// Those that others have open wait until they have left, or have seen the new number.
void QuotaWriter::removeFormer() {
    if (removeBelow_ == 0) {
        return;
    }
    const auto numbers = listQuotaFiles(directory_);
    bool isLeft = !numbers;
    for (const std::uint64_t number : numbers.value_or(std::vector<std::uint64_t>())) {
        const std::string path = quotaFilePath(directory_, number);
        if (number < removeBelow_) {
            isLeft = isLocked(path) || unlink(path.c_str()) != 0 || isLeft;
        }
    }
    removeBelow_ = isLeft ? removeBelow_ : 0;
}

}  // namespace edgerun::store
