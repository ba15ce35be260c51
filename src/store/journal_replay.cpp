#include "edgerun/store/journal_replay.h"

#include <sys/random.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "edgerun/text/timestamp.h"
#include "id_words.h"
#include "journal_frame.h"

namespace edgerun::store {

namespace {

/// With a key of its own: nobody can write a journal whose ids all fall together.
class IdHash {
public:
    IdHash() {
        if (getrandom(&key_, sizeof(key_), 0) != sizeof(key_)) {
            key_ = 0;
        }
    }

    std::size_t operator()(const JobId& id) const noexcept {
        constexpr std::size_t kSecond = kJobIdBytes - 2 * sizeof(std::uint64_t);
        std::uint64_t hash = mixed(wordAt(&id[0]) ^ key_);
        hash = mixed(hash ^ wordAt(&id[kSecond]));
        return mixed(hash ^ wordAt(&id[kSecond + sizeof(std::uint64_t)]));
    }

private:
    static std::uint64_t mixed(std::uint64_t word) noexcept {
        const auto product = static_cast<unsigned __int128>(word) * 0x9e3779b97f4a7c15U;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    }

    std::uint64_t key_ = 0;
};

/// A record in a segment that is mapped.
struct Place {
    const char* payload = nullptr;
    std::uint32_t size = 0;
    std::uint32_t fence = 0;
    std::uint32_t revision = 0;

    /// Of equals, the one that comes later.
    bool isReplacedBy(const Place& other) const {
        return payload == nullptr ||
               std::tie(fence, revision) <= std::tie(other.fence, other.revision);
    }
    void replaceBy(const Place& other) {
        if (isReplacedBy(other)) {
            *this = other;
        }
    }
    JournalView view() const {
        const std::string_view bytes(payload, size);
        return {*headOf(bytes), bytes.substr(kHeadBytes)};
    }
};

struct Entry {
    Place record;
    Place body;
    Place request;
    Place whole;
    bool isGone = false;
    JournalTime goneAt;
};

/// The step at a place, where `newest` is the newest one, already decoded.
std::optional<JournalStep> stepAt(const Place& place, const Entry& entry,
                                  const JournalStep& newest) {
    return place.payload == entry.record.payload ? newest : decodeStep(place.view());
}

bool takeBody(const Entry& entry, const JournalStep& newest, JobSnapshot& job) {
    if (entry.body.payload == entry.whole.payload) {
        return true;
    }
    const auto step = stepAt(entry.body, entry, newest);
    if (!step || !step->body) {
        return false;
    }
    job.body = *step->body;
    job.stepsAt = step->stepsAt;
    return true;
}

bool takeRequest(const Entry& entry, const JournalStep& newest, JobSnapshot& job) {
    if (entry.request.payload == entry.whole.payload) {
        return true;
    }
    const auto step = stepAt(entry.request, entry, newest);
    if (!step || !step->request) {
        return false;
    }
    job.request = *step->request;
    return true;
}

/// The steps that came after the newest Whole. False when one is malformed: an older state in its
/// place might start a second time what is paid for.
bool takeSteps(const Entry& entry, const JournalView& newest, JobSnapshot& job) {
    if (entry.record.payload == entry.whole.payload) {
        return true;
    }
    const auto step = decodeStep(newest);
    if (!step) {
        return false;
    }
    job.record = step->record;
    job.fence = newest.head.fence;
    job.revision = newest.head.revision;
    return takeBody(entry, *step, job) && takeRequest(entry, *step, job);
}

/// 0 means "none" and stays; nothing becomes 0, nor passes the end.
std::uint64_t moved(std::uint64_t time, std::uint64_t written, std::uint64_t now) {
    if (time == 0) {
        return 0;
    }
    if (time < written) {
        const std::uint64_t ago = written - time;
        return now > ago ? now - ago : 1;
    }
    const std::uint64_t left = time - written;
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() - now;
    return std::max<std::uint64_t>(now + std::min(left, most), 1);
}

/// A disk may say anything: sums of what is left do not overflow.
std::int64_t plausible(std::int64_t wall) {
    return std::clamp(wall, std::int64_t{0}, text::kLastTimestamp);
}

Place placeOf(const JournalView& view) {
    return {view.fields.data() - kHeadBytes,
            static_cast<std::uint32_t>(view.fields.size() + kHeadBytes), view.head.fence,
            view.head.revision};
}

}  // namespace

struct JournalReplay::Index {
    std::unordered_map<JobId, Entry, IdHash> jobs;
    std::vector<SegmentBytes> segments;
    std::size_t records = 0;
    std::size_t torn = 0;

    void add(const JournalView& view);
};

JournalReplay::JournalReplay() : index_(std::make_unique<Index>()) {}

JournalReplay::~JournalReplay() = default;

bool JournalReplay::add(const Segment& segment) {
    auto bytes = SegmentBytes::map(segment.path);
    HeaderFault fault{};
    if (!bytes || !decodeSegmentHeader(bytes->all(), fault)) {
        return false;
    }
    JournalScan scan(bytes->all().substr(kSegmentHeaderBytes));
    index_->segments.push_back(std::move(*bytes));
    while (const auto view = scan.next()) {
        index_->add(*view);
    }
    index_->torn += scan.torn();
    return true;
}

void JournalReplay::Index::add(const JournalView& view) {
    ++records;
    Entry& entry = jobs[view.head.id];
    const Place place = placeOf(view);
    switch (view.head.kind) {
        case JournalKind::Gone:
            entry.goneAt = entry.isGone && entry.goneAt.wall > view.head.time.wall ? entry.goneAt
                                                                                   : view.head.time;
            entry.isGone = true;
            return;
        case JournalKind::Whole:
            entry.whole.replaceBy(place);
            break;
        case JournalKind::Step:
            break;
    }
    entry.record.replaceBy(place);
    const bool mayBring = entry.body.isReplacedBy(place) || entry.request.isReplacedBy(place);
    const Brought brought = mayBring ? broughtBy(view) : Brought{};
    if (brought.body) {
        entry.body.replaceBy(place);
    }
    if (brought.request) {
        entry.request.replaceBy(place);
    }
}

std::size_t JournalReplay::records() const {
    return index_->records;
}

std::size_t JournalReplay::torn() const {
    return index_->torn;
}

std::vector<JobId> JournalReplay::jobs() const {
    std::vector<JobId> ids;
    ids.reserve(index_->jobs.size());
    for (const auto& [id, entry] : index_->jobs) {
        if (!entry.isGone) {
            ids.push_back(id);
        }
    }
    // They begin with the time of their creation.
    std::sort(ids.begin(), ids.end());
    return ids;
}

std::vector<JournalReplay::Gone> JournalReplay::gone() const {
    std::vector<Gone> gone;
    for (const auto& [id, entry] : index_->jobs) {
        if (entry.isGone) {
            gone.push_back({id, entry.goneAt});
        }
    }
    return gone;
}

std::optional<ReplayedJob> JournalReplay::find(const JobId& id) const {
    const auto at = index_->jobs.find(id);
    if (at == index_->jobs.end() || at->second.isGone || at->second.whole.payload == nullptr) {
        return std::nullopt;
    }
    const Entry& entry = at->second;
    std::optional<JobSnapshot> job = decodeWhole(entry.whole.view());
    const JournalView newest = entry.record.view();
    if (!job || !takeSteps(entry, newest, *job)) {
        return std::nullopt;
    }
    if (run::isFinal(job->record.status) && !job->record.keepsRequest) {
        job->request.clear();
    }
    if (job->record.erased) {
        job->body.clear();
        job->stepsAt = 0;
    }
    return ReplayedJob{std::move(*job), newest.head.time};
}

bool JournalReplay::appendAsWritten(std::string& frames, const JobId& id) const {
    const auto at = index_->jobs.find(id);
    if (at == index_->jobs.end() || at->second.isGone || at->second.whole.payload == nullptr) {
        return false;
    }
    // Each is as new as those before it, or newer; one record may be all of them.
    const Entry& entry = at->second;
    const bool isRequestNewer = entry.body.isReplacedBy(entry.request);
    const Place& older = isRequestNewer ? entry.body : entry.request;
    const Place& newer = isRequestNewer ? entry.request : entry.body;
    const char* last = nullptr;
    for (const Place& place : {entry.whole, older, newer, entry.record}) {
        if (std::exchange(last, place.payload) != place.payload) {
            appendFrame(frames, {place.payload, place.size});
        }
    }
    return true;
}

void moveTimes(run::Record& record, std::uint64_t written, std::uint64_t now) {
    for (const auto time :
         {&run::Record::deadline, &run::Record::intentAt, &run::Record::notBefore}) {
        record.*time = moved(record.*time, written, now);
    }
}

std::uint64_t timeLeft(const run::Record& record, std::uint64_t ttl, std::int64_t wall) {
    const std::int64_t age = plausible(wall) - plausible(record.completedWall);
    return ttl - std::min(static_cast<std::uint64_t>(std::max(age, std::int64_t{0})), ttl);
}

std::uint64_t acceptedAt(const run::Record& record, const JournalTime& now) {
    const std::int64_t age = plausible(now.wall) - plausible(record.createdWall);
    return now.monotonic -
           std::min(static_cast<std::uint64_t>(std::max(age, std::int64_t{0})), now.monotonic);
}

}  // namespace edgerun::store
