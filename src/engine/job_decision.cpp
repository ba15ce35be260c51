#include "edgerun/engine/clocks.h"
#include "edgerun/engine/job_runner.h"
#include "edgerun/engine/running_job.h"
#include "edgerun/engine/stable_hash.h"
#include "job_inputs.h"

/// One step is decided: what the machine is told, and what becomes of what it says.
namespace edgerun::engine {

namespace {

constexpr std::uint64_t kSetUpSlack = 2'000;  // ms
/// Even: where the thread is gone, whoever wants it, what was asked first holds in the end.
constexpr int kThreadTries = 4;

bool isSettingUp(const run::Record& record) {
    return record.deadline == 0 || record.phase == run::Phase::FindAssistant ||
           record.phase == run::Phase::CreateAssistant ||
           record.phase == run::Phase::UpdateAssistant;
}

/// What the assistant leaves to the provider is a part of what it says there.
std::uint64_t hashAt(const Provider& provider, const AssistantConf& assistant) {
    return assistant.definition.model.empty()
               ? stableHash(std::to_string(assistant.hash) + '\n' + provider.settings.model)
               : assistant.hash;
}

/// Has the job ended, with nothing on its way that could still create an assistant?
bool isOver(const run::Record& before, const run::Event& event, const run::Step& step) {
    const auto* failure = std::get_if<run::TransportFailure>(&event);
    const bool isCertain =
        before.intentAt == 0 || std::holds_alternative<run::Response>(event) ||
        (failure != nullptr && failure->kind == run::TransportFailure::Kind::NotSent);
    return isCertain && run::isFinal(step.record.status);
}

/// A leaving worker begins no call, so none is to be looked for.
void dropCallWhenLeaving(run::Step& next) {
    const auto* call = std::get_if<run::Call>(&next.command);
    if (ngx_exiting && call != nullptr && call->once) {
        next.record.intentAt = 0;
        next.record.rounds--;
    }
}

bool keepsForATime(const run::Settings& settings) {
    return settings.keepThreads != 0 && settings.keepThreads != run::kKeepForever;
}

}  // namespace

JobChange JobRunner::decide(RunningJob& job, const run::Event& event,
                            const store::LoadedJob& loaded, const Provider& provider) {
    const run::Record& record = loaded.record;
    JobInputs inputs = inputsOf(job, record, provider);
    const std::string id = store::formatJobId(job.id());
    run::Request request;
    if (inputs.request) {
        request = {inputs.query,
                   inputs.request->query,
                   inputs.request->threadId,
                   inputs.request->metadata,
                   inputs.assistantName,
                   inputs.request->work,
                   inputs.memory};
    }
    const run::Context context{
        provider.settings,
        id,
        request,
        monotonicNow(),
        wallNow(),
        static_cast<std::uint32_t>(ngx_random()),
        inputs.assistant != nullptr ? &inputs.assistant->definition : nullptr,
        inputs.assistantId,
        inputs.assistantHash,
        inputs.maySetUpAssistant,
        isFinal(record.status) && arena_.isThreadWanted(job.ref()),
        keepsForATime(provider.settings) && arena_.isCrowded()};
    JobChange change;
    change.revision = loaded.revision + 1;
    change.provider = &provider;
    change.step = nextStep(job, *provider.machine, context, record, event);
    if (!change.step.note.empty()) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, "edgerun: job %s, provider \"%s\": %s",
                      id.c_str(), provider.name.c_str(), change.step.note.c_str());
    }
    dropCallWhenLeaving(change.step);
    tellAssistant(inputs, change.step);
    if (inputs.maySetUpAssistant && isOver(record, event, change.step)) {
        page_->releaseAssistant(inputs.definition, stableHash(id));
    }
    if (change.step.mayFallBack && canFallBack(record)) {
        fallBack(change, record);
    } else {
        change.step.parting.reset();
    }
    change.rules = rulesFor(job, inputs, change.step);
    keepWork(job, inputs, record, change);
    return change;
}

/// A step that ends the job depends on whether others have its thread.
run::Step JobRunner::nextStep(const RunningJob& job, const run::Machine& machine,
                              run::Context context, const run::Record& record,
                              const run::Event& event) {
    run::Step step = machine.next(context, record, event);
    // To ask takes as long as the owner has live jobs, and only an end depends on it.
    const bool ends = !isFinal(record.status) && isFinal(step.record.status);
    if (ends && arena_.isThreadWanted(job.ref())) {
        context.isThreadWanted = true;
        step = machine.next(context, record, event);
    }
    for (int i = 0; i < kThreadTries && !settlesThread(job, record, step, context); i++) {
        context.isThreadWanted = !context.isThreadWanted;
        step = machine.next(context, record, event);
    }
    return step;
}

/// Others may have come to the thread, or left it, since it was asked for them.
bool JobRunner::settlesThread(const RunningJob& job, const run::Record& before,
                              const run::Step& step, const run::Context& context) {
    const run::Record& after = step.record;
    if (!isFinal(after.status) || after.threadId.empty() || before.isThreadGone) {
        return true;
    }
    if (after.isThreadGone) {
        return arena_.settleThread(job.ref(), store::ThreadEnd::Deleted);
    }
    const bool leaves = context.isThreadWanted && after.phase == run::Phase::Done;
    return !leaves || arena_.settleThread(job.ref(), store::ThreadEnd::Left);
}

/// The request only when the machine needs it: the query may be long.
JobInputs JobRunner::inputsOf(RunningJob& job, const run::Record& record,
                              const Provider& provider) {
    JobInputs inputs;
    if (!provider.machine->needsRequest(record)) {
        return inputs;
    }
    inputs.request = requestOf(job.ref());
    if (!inputs.request) {
        return inputs;
    }
    inputs.query = inputs.request->query + inputs.request->context;
    addAssistant(job, record, provider, inputs);
    const bool begins = record.deadline == 0 && !inputs.request->threadId.empty();
    if (begins && provider.machine->remembersThreads(provider.settings)) {
        const auto memory = arena_.loadThreadMemory(job.ref());
        const auto former = memory ? store::decodeJobRequest(*memory) : std::nullopt;
        inputs.memory = former ? former->work : std::string();
    }
    return inputs;
}

void JobRunner::addAssistant(RunningJob& job, const run::Record& record, const Provider& provider,
                             JobInputs& inputs) {
    inputs.assistantName = assistantNameOf(*inputs.request, provider);
    inputs.assistant = providers_.findAssistant(inputs.assistantName);
    if (inputs.assistant == nullptr || page_ == nullptr || !provider.machine->needsAssistantId() ||
        !inputs.assistant->definition.id.empty()) {
        return;
    }
    inputs.assistantHash = hashAt(provider, *inputs.assistant);
    inputs.definition = stableHash(provider.name + '\n' + inputs.assistantName + '\n' +
                                   std::to_string(inputs.assistantHash));
    const std::uint64_t now = monotonicNow();
    if (const auto known = page_->findAssistant(inputs.definition, now)) {
        inputs.assistantId = known->view();
    } else if (isSettingUp(record)) {
        const std::uint64_t until = now + provider.settings.requestTimeout + kSetUpSlack;
        inputs.maySetUpAssistant = page_->claimAssistant(
            inputs.definition, stableHash(store::formatJobId(job.id())), now, until);
    }
}

std::optional<store::JobRequest> JobRunner::requestOf(const store::JobRef& ref) {
    const auto bytes = arena_.loadRequest(ref);
    return bytes ? store::decodeJobRequest(*bytes) : std::nullopt;
}

void JobRunner::tellAssistant(const JobInputs& inputs, const run::Step& step) {
    if (!step.assistantId || page_ == nullptr || inputs.definition == 0) {
        return;
    }
    run::ProviderId id;
    if (step.assistantId->empty()) {
        page_->forgetAssistant(inputs.definition);
    } else if (id.assign(*step.assistantId)) {
        page_->setAssistant(inputs.definition, id, monotonicNow());
    }
}

/// What a final job keeps is its work alone: the query is not needed any more.
void JobRunner::keepWork(RunningJob& job, JobInputs& inputs, const run::Record& before,
                         JobChange& change) {
    const run::Step& step = change.step;
    const bool isFinal = run::isFinal(step.record.status);
    const bool ends = isFinal && !run::isFinal(before.status) && step.record.keepsRequest;
    if (!ends && (!step.work || (isFinal && !step.record.keepsRequest))) {
        return;
    }
    if (!inputs.request) {
        inputs.request = requestOf(job.ref());
    }
    if (!inputs.request) {
        return;
    }
    store::JobRequest& request = *inputs.request;
    if (!ends && step.work == request.work) {
        return;
    }
    request.work = step.work.value_or(request.work);
    if (isFinal) {
        request.query.clear();
        request.context.clear();
        request.metadata.clear();
    }
    change.request = store::encodeJobRequest(request);
}

/// The configuration that is in force does not know the job's provider.
run::Step JobRunner::abandon(const run::Record& record) const {
    run::Step last{record, run::Finished{}, std::nullopt, {}, std::nullopt, {}, false, {}};
    last.record.phase = run::Phase::Done;
    if (!run::isFinal(record.status)) {
        last.record.status = run::JobStatus::Failed;
        last.record.completedWall = wallNow();
        last.visible = run::Visible{};
        last.visible->error = run::JobError{"ProviderUnavailable",
                                            "the job's provider is not configured any more", 502};
    }
    return last;
}

}  // namespace edgerun::engine
