#include "edgerun/run/responses_work.h"

#include "edgerun/run/provider_id.h"

namespace edgerun::run {
namespace {

constexpr char kLast[] = "last";
constexpr char kResponses[] = "responses";
constexpr char kAfter[] = "after";
constexpr std::size_t kMostResponses = 256;

json_t* valueOf(const ProviderId& id) {
    return json_stringn(id.view().data(), id.view().size());
}

json_t* listOf(const Work& work) {
    json_t* list = json_object_get(work.object(), kResponses);
    return json_is_array(list) ? list : nullptr;
}

/// With record.runId alone, where there is none yet.
json_t* madeListOf(const Work& work, const Record& record) {
    json_t* list = listOf(work);
    if (list == nullptr) {
        list = json_array();
        work.set(kResponses, list);
        if (!record.runId.empty()) {
            json_array_append_new(list, valueOf(record.runId));
        }
    }
    return list;
}

}  // namespace

bool takeMemory(const Work& work, std::string_view memory) {
    const Work former(memory);
    for (const char* name : {kLast, kResponses}) {
        json_t* value = json_object_get(former.object(), name);
        if (value != nullptr) {
            work.set(name, json_incref(value));
        }
    }
    return hasResponses(work);
}

std::string_view lastResponseOf(const Work& work) {
    const std::string_view id = text::stringMember(work.object(), kLast).value_or("");
    return isProviderId(id) ? id : std::string_view();
}

void setLastResponse(const Work& work, const Record& record) {
    work.set(kLast, valueOf(record.runId));
}

std::vector<std::string> responsesOf(const Work& work, const Record& record) {
    const json_t* list = listOf(work);
    std::vector<std::string> ids;
    if (list == nullptr && !record.runId.empty()) {
        ids.emplace_back(record.runId.view());
    }
    ids.reserve(json_array_size(list));
    for (std::size_t i = 0; i < json_array_size(list); ++i) {
        const std::string_view id = text::stringOf(json_array_get(list, i));
        if (isProviderId(id)) {
            ids.emplace_back(id);
        }
    }
    return ids;
}

void addResponse(const Work& work, const Record& record) {
    if (listOf(work) == nullptr) {
        madeListOf(work, record);
        return;
    }
    json_t* list = listOf(work);
    json_array_append_new(list, valueOf(record.runId));
    if (json_array_size(list) > kMostResponses) {
        json_array_remove(list, 0);
    }
}

void dropFirstResponse(const Work& work, const Record& record) {
    json_array_remove(madeListOf(work, record), 0);
}

bool hasResponses(const Work& work) {
    return listOf(work) != nullptr;
}

bool knowsWhereItBegan(const Work& work) {
    return json_object_get(work.object(), kAfter) != nullptr;
}

std::string_view whereItBegan(const Work& work) {
    return text::stringMember(work.object(), kAfter).value_or("");
}

void setWhereItBegan(const Work& work, std::string_view itemId) {
    work.set(kAfter, json_stringn(itemId.data(), itemId.size()));
}

}  // namespace edgerun::run
