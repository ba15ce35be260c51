#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/store/job_id.h"
#include "edgerun/store/open_file.h"

/// The files of a journal's directory. Each worker process is one writer: a random number, a lock
/// file that it holds locked (flock) as long as it lives, and segments that it alone appends to:
///
///     zone                           the secret of the zone's job ids
///     loading.lock                   empty; held locked by the worker that reads what earlier
///                                    lives of the zone left
///     claims                         which instance of the zone has claimed which earlier writers
///     WRITER.lock                    empty; WRITER: 16 hexadecimal digits
///     WRITER-NUMBER.journal          NUMBER: 8 decimal digits, from 1
///     WRITER.reserve                 a segment's space, kept for a full disk
namespace edgerun::store {

inline constexpr std::uint32_t kJournalFormat = 1;

/// A segment's bytes, mapped for reading.
class SegmentBytes {
public:
    /// nullopt when it cannot be opened (errno is left).
    static std::optional<SegmentBytes> map(const std::string& path);
    ~SegmentBytes();
    SegmentBytes(SegmentBytes&& other) noexcept;
    SegmentBytes& operator=(SegmentBytes&&) = delete;

    std::string_view all() const { return {data_, size_}; }

private:
    SegmentBytes(const char* data, std::size_t size) : data_(data), size_(size) {}

    const char* data_;
    std::size_t size_;
};

/// The first 64 bytes of a segment.
struct SegmentHeader {
    std::uint64_t writer = 0;
    std::uint64_t instance = 0;  ///< of the zone that it was written for
    std::uint32_t number = 0;
    std::int64_t createdWall = 0;  ///< Unix ms
};

inline constexpr std::size_t kSegmentHeaderBytes = 64;

std::string encodeSegmentHeader(const SegmentHeader& header);

enum class HeaderFault { Torn, Foreign, LaterFormat };

/// Torn: too short, or its CRC does not hold. Such a segment was never used if no record follows:
/// a header is on the disk before the first one. Else it is damaged. Foreign: no journal of ours.
/// LaterFormat: a later version wrote it.
std::optional<SegmentHeader> decodeSegmentHeader(std::string_view bytes, HeaderFault& fault);

struct Segment {
    std::string path;
    SegmentHeader header;
    std::size_t bytes = 0;
};

/// What a directory holds of one writer.
struct WriterFiles {
    std::uint64_t writer = 0;
    /// Whose they are: of the zone that claimed them, or else that they were written for. 0 when
    /// there is no whole segment.
    std::uint64_t instance = 0;
    std::vector<Segment> segments;
    std::vector<std::string> torn;  ///< segments with a torn header and no records: never used
};

struct DirectoryListing {
    std::vector<WriterFiles> writers;
    std::vector<std::string> problems;  ///< files that cannot be read; for the log
};

DirectoryListing listJournal(const std::string& directory);

/// The writer's lock. Empty, with errno, if it cannot be had: EWOULDBLOCK while its process lives.
/// Its files may have changed until then: list them again. Makes the lock's file if somebody has
/// removed it.
OpenFile lockWriter(const std::string& directory, std::uint64_t writer);

/// Does the writer's process live? Leaves all as it is.
bool isWriterLocked(const std::string& directory, std::uint64_t writer);

/// Once another instance has taken all jobs of these writers into its zone, it claims them, all at
/// once or, false with errno, none. From then on their files count as that one's: nobody else reads
/// them while it lives, and any of its workers may write them anew. The caller holds loading.lock.
bool claimWriters(const std::string& directory, const std::vector<std::uint64_t>& writers,
                  std::uint64_t instance);

/// Removes a writer's files, the lock last. The lock must be held. What cannot be removed stays,
/// and nothing is said: whoever lists the directory next finds it, and all that it says is older
/// than, or equal to, what stands elsewhere.
void removeWriter(const std::string& directory, const WriterFiles& files);

/// Renames a segment to PATH.damaged, for people: nothing of ours looks at it any more.
void keepDamaged(const Segment& segment);

/// The secret of the zone's ids, from DIRECTORY/zone. `mayCreate`: makes one, flushed, when there
/// is none; else a random one. nullopt, with `problem` saying why, if it cannot be read or made.
std::optional<JobIdSecret> zoneSecret(const std::string& directory, bool mayCreate,
                                      std::string& problem);

}  // namespace edgerun::store
