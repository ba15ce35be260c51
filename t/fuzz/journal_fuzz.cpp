// A segment of a journal, as it is or with its frames put right: nothing in it breaks the reader,
// what it reads is the same after it was written anew, and of each job counts what the rules say.
//
// The first byte chooses. 'r': the rest is what stands behind a segment's header. 'h': the rest is
// a segment with its header. Anything else: the rest is a list of payloads, each behind two bytes
// of length, whose frames are made here, for no fuzzer guesses a CRC.

#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <tuple>

#include "edgerun/store/journal_record.h"
#include "edgerun/store/journal_replay.h"
#include "property.h"

namespace edgerun::fuzz {
namespace {

using namespace store;

/// The file that each input becomes; goes with the process.
class Workplace {
public:
    Workplace() : file_(mkstemp(path_)) { must(file_ >= 0, "there is a place for a file"); }
    ~Workplace() {
        unlink(path_);
        close(file_);
    }
    Workplace(const Workplace&) = delete;
    Workplace& operator=(const Workplace&) = delete;

    Segment hold(std::string_view bytes) {
        must(ftruncate(file_, 0) == 0 &&
                 pwrite(file_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
             "the input is in its file");
        return {path_, {}, bytes.size()};
    }

private:
    // In memory: a disk would be most of the time.
    char path_[36] = "/dev/shm/edgerun-fuzz-XXXXXX";
    int file_;
};

std::string framed(std::string_view payload) {
    const auto length = static_cast<std::uint32_t>(payload.size());
    const auto crc = static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(payload.data()), payload.size()));
    std::string frame;
    for (const std::uint32_t number : {length, crc}) {
        for (unsigned shift = 0; shift < 32; shift += 8) {
            frame += static_cast<char>(number >> shift);
        }
    }
    return frame.append(payload);
}

std::string framesOf(std::string_view list) {
    std::string frames;
    while (list.size() >= 2) {
        const std::size_t wanted = static_cast<unsigned char>(list[0]) |
                                   static_cast<std::size_t>(static_cast<unsigned char>(list[1]))
                                       << 8;
        list.remove_prefix(2);
        const std::string_view payload = list.substr(0, wanted);
        frames += framed(payload);
        list.remove_prefix(payload.size());
    }
    return frames;
}

std::string bytesOf(const JobSnapshot& job) {
    std::string bytes;
    appendWhole(bytes, job, {});
    return bytes;
}

std::string bytesOf(const JournalView& view, const JournalStep& step) {
    std::string bytes;
    appendStep(bytes, view.head.id, view.head.fence, view.head.revision,
               {step.record, step.body, step.stepsAt, step.request}, view.head.time);
    return bytes;
}

void checkWriting(const JournalView& view) {
    if (const auto job = decodeWhole(view)) {
        const std::string bytes = bytesOf(*job);
        const auto again = decodeWhole(JournalScan(bytes).next().value());
        must(again && bytesOf(*again) == bytes, "a whole job is the same when written anew");
    }
    if (const auto step = decodeStep(view)) {
        const std::string bytes = bytesOf(view, *step);
        const JournalView anew = JournalScan(bytes).next().value();
        const auto again = decodeStep(anew);
        must(again && bytesOf(anew, *again) == bytes, "a step is the same when written anew");
        must(again->body == step->body && again->request == step->request,
             "a step's texts are the same when written anew");
    }
}

/// The rules once more, in the simplest way.
struct Model {
    std::optional<JournalView> record, whole, body, request;
    bool isGone = false;
    bool isMalformed = false;

    static void replace(std::optional<JournalView>& old, const JournalView& view) {
        if (!old || std::tie(old->head.fence, old->head.revision) <=
                        std::tie(view.head.fence, view.head.revision)) {
            old = view;
        }
    }

    void add(const JournalView& view) {
        if (view.head.kind == JournalKind::Gone) {
            isGone = true;
            return;
        }
        const auto step = decodeStep(view);
        const auto job = decodeWhole(view);
        isMalformed = isMalformed || (!step && !job);
        replace(record, view);
        if (view.head.kind == JournalKind::Whole) {
            replace(whole, view);
        }
        if (job || (step && step->body)) {
            replace(body, view);
        }
        if (job || (step && step->request)) {
            replace(request, view);
        }
    }

    std::string bodyText() const {
        const auto step = decodeStep(*body);
        return step ? std::string(*step->body) : decodeWhole(*body)->body;
    }

    std::string requestText() const {
        const auto step = decodeStep(*request);
        return step ? std::string(*step->request) : decodeWhole(*request)->request;
    }
};

void checkJob(const JobId& id, const Model& model, const JournalReplay& replay) {
    const auto found = replay.find(id);
    must(!found || !model.isGone, "what is gone is not found");
    must(!found || model.whole, "a job has its first record");
    must(found || model.isGone || model.isMalformed || !model.whole,
         "a job that is well written is found");
    if (!found) {
        return;
    }
    const JournalHead& newest = model.record->head;
    must(found->job.id == id, "a job is found under its id");
    must(found->job.fence == newest.fence && found->job.revision == newest.revision,
         "the newest record counts");
    must(found->written.monotonic == newest.time.monotonic, "with its time");
    const bool hasRequest =
        !run::isFinal(found->job.record.status) || found->job.record.keepsRequest;
    must(hasRequest || found->job.request.empty(), "a final job has no request");
    must(model.isMalformed || !hasRequest || found->job.request == model.requestText(),
         "the newest request counts");
    must(model.isMalformed || found->job.record.erased || found->job.body == model.bodyText(),
         "the newest body counts");

    run::Record moved = found->job.record;
    moveTimes(moved, found->written.monotonic, 12'345);
    must((moved.deadline == 0) == (found->job.record.deadline == 0), "no time becomes 0");
}

void checkReplay(std::string_view segment) {
    static Workplace workplace;
    JournalReplay replay;
    HeaderFault fault{};
    const bool hasHeader = decodeSegmentHeader(segment, fault).has_value();
    must(replay.add(workplace.hold(segment)) == hasHeader, "a segment with its header is read");
    if (!hasHeader) {
        return;
    }
    std::map<JobId, Model> models;
    std::size_t records = 0;
    JournalScan scan(segment.substr(kSegmentHeaderBytes));
    while (const auto view = scan.next()) {
        checkWriting(*view);
        models[view->head.id].add(*view);
        ++records;
    }
    must(scan.passed() + scan.torn() + kSegmentHeaderBytes <= segment.size(),
         "nothing is invented");
    must(replay.records() == records && replay.torn() == scan.torn(), "all is counted");
    std::size_t gone = 0;
    for (const auto& [id, model] : models) {
        gone += model.isGone ? 1 : 0;
        checkJob(id, model, replay);
    }
    must(replay.gone().size() == gone && replay.jobs().size() == models.size() - gone,
         "each job is there or gone");
}

}  // namespace
}  // namespace edgerun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgerun;
    if (size == 0) {
        return 0;
    }
    const std::string_view rest = fuzz::textOf(data, size).substr(1);
    const std::string header = store::encodeSegmentHeader({1, 2, 3, 4});
    switch (data[0]) {
        case 'h':
            fuzz::checkReplay(rest);
            break;
        case 'r':
            fuzz::checkReplay(std::string(header).append(rest));
            break;
        default:
            fuzz::checkReplay(std::string(header).append(fuzz::framesOf(rest)));
    }
    return 0;
}
