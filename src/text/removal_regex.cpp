#include "removal_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cstdint>
#include <new>

namespace edgerun::text {
namespace {

constexpr std::uint32_t kOptions =
    PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;
constexpr std::uint32_t kMatchLimit = 10'000'000;  // the work ends before it, but in odd patterns
constexpr std::uint32_t kDepthLimit = 1'000'000;
constexpr std::uint32_t kHeapLimit = 16 * 1024;  // KiB; without JIT
constexpr std::size_t kFirstStack = 32 * 1024;
constexpr std::size_t kLargestStack = 8 * 1024 * 1024;

template <auto free>
struct Release {
    template <typename T>
    void operator()(T* object) const noexcept {
        free(object);
    }
};

using CodePtr = std::unique_ptr<pcre2_code, Release<pcre2_code_free>>;
using CompileContextPtr =
    std::unique_ptr<pcre2_compile_context, Release<pcre2_compile_context_free>>;
using MatchContextPtr = std::unique_ptr<pcre2_match_context, Release<pcre2_match_context_free>>;
using MatchDataPtr = std::unique_ptr<pcre2_match_data, Release<pcre2_match_data_free>>;
using StackPtr = std::unique_ptr<pcre2_jit_stack, Release<pcre2_jit_stack_free>>;

template <typename Pointer>
Pointer owned(Pointer pointer) {
    if (pointer == nullptr) {
        throw std::bad_alloc();
    }
    return pointer;
}

CodePtr compileWith(const std::string& pattern, std::uint32_t options, int& error,
                    std::size_t& offset) {
    const auto context = owned(CompileContextPtr(pcre2_compile_context_create(nullptr)));
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_ANYCRLF);
    return CodePtr(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                 options, &error, &offset, context.get()));
}

std::string messageOf(int error, std::size_t offset) {
    PCRE2_UCHAR text[256] = {};
    pcre2_get_error_message(error, text, sizeof(text));
    return std::string(reinterpret_cast<const char*>(text)) + " at offset " +
           std::to_string(offset);
}

template <typename T>
T infoOf(const pcre2_code* code, std::uint32_t what) {
    T value{};
    pcre2_pattern_info(code, what, &value);
    return value;
}

/// Where the item behind an escape ends: "\\x{1F600}" is no repeat.
std::size_t skipEscape(std::string_view pattern, std::size_t at) {
    const bool isBraced = pattern.substr(at + 2, 1) == "{";
    const std::size_t end = isBraced ? pattern.find('}', at) : std::string_view::npos;
    constexpr std::string_view kTakeBraces = "xogkpPN";
    const bool takesBraces = kTakeBraces.find(pattern[at + 1]) != std::string_view::npos;
    return takesBraces && end != std::string_view::npos ? end + 1 : at + 2;
}

/// The highest N of all "{N" in a pattern.
std::size_t highestRepeatIn(std::string_view pattern) {
    constexpr std::size_t kHighest = 65'535;  // PCRE2's own
    std::size_t highest = 0;
    for (std::size_t at = 0; at + 1 < pattern.size();) {
        if (pattern[at] == '\\') {
            at = skipEscape(pattern, at);
            continue;
        }
        std::size_t number = 0;
        if (pattern[at++] == '{') {
            for (; at < pattern.size() && pattern[at] >= '0' && pattern[at] <= '9'; ++at) {
                number =
                    std::min(number * 10 + static_cast<std::size_t>(pattern[at] - '0'), kHighest);
            }
        }
        highest = std::max(highest, number);
    }
    return highest;
}

/// What an item of a pattern costs. PCRE2 tells how far one got only if it matched, and a repeat
/// that must go over 50,000 bytes may fail at the last of them, a million times; a back reference
/// may read all of its group.
struct Costs {
    std::size_t item = 1;
    bool countsGroups = false;
};

Costs costsOf(const pcre2_code* code, std::string_view pattern) {
    constexpr std::size_t kBytesOfUnit = 16;
    return {1 + highestRepeatIn(pattern) / kBytesOfUnit,
            infoOf<std::uint32_t>(code, PCRE2_INFO_BACKREFMAX) > 0};
}

std::size_t bytesOfGroups(const pcre2_callout_block& block) {
    std::size_t bytes = 0;
    for (std::uint32_t group = 1; group < block.capture_top; ++group) {
        const std::size_t begin = block.offset_vector[2 * group];
        const std::size_t end = block.offset_vector[2 * group + 1];
        bytes += end > begin && begin != PCRE2_UNSET && end != PCRE2_UNSET ? end - begin : 0;
    }
    return bytes;
}

/// The work of one removal, as PCRE2 reports it.
struct Meter {
    RegexWork& work;
    Costs costs;
    std::size_t at = 0;  ///< how far it had got
};

int charge(pcre2_callout_block* block, void* data) noexcept {
    auto& meter = *static_cast<Meter*>(data);
    const std::size_t at = block->current_position;
    const std::size_t distance = at > meter.at ? at - meter.at : 0;
    const std::size_t units =
        meter.costs.item + distance + (meter.costs.countsGroups ? bytesOfGroups(*block) : 0);
    const bool isSpent = units > meter.work.left;
    meter.work.left -= std::min(units, meter.work.left);
    meter.at = at;
    return isSpent ? PCRE2_ERROR_CALLOUT : 0;
}

/// All that PCRE2 needs to match one regex against one text.
class Matching {
public:
    Matching(const pcre2_code* code, Costs costs, std::string_view text, RegexWork& work)
        : code_(code),
          text_(text),
          meter_{work, costs},
          context_(owned(MatchContextPtr(pcre2_match_context_create(nullptr)))),
          data_(owned(MatchDataPtr(pcre2_match_data_create_from_pattern(code, nullptr)))),
          stack_(pcre2_jit_stack_create(kFirstStack, kLargestStack, nullptr)) {
        pcre2_set_match_limit(context_.get(), kMatchLimit);
        pcre2_set_depth_limit(context_.get(), kDepthLimit);
        pcre2_set_heap_limit(context_.get(), kHeapLimit);
        pcre2_set_callout(context_.get(), charge, &meter_);
        pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
    }

    /// PCRE2's result: above 0 for a match, of which begin() and end() tell.
    int find(std::size_t from) {
        meter_.at = from;
        // The text is known to be UTF-8: PCRE2 would look at all of it again for each match.
        return pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), from,
                           PCRE2_NOTEMPTY | PCRE2_NO_UTF_CHECK, data_.get(), context_.get());
    }

    std::size_t begin() const { return pcre2_get_ovector_pointer(data_.get())[0]; }
    std::size_t end() const { return pcre2_get_ovector_pointer(data_.get())[1]; }

private:
    const pcre2_code* code_;
    std::string_view text_;
    Meter meter_;
    MatchContextPtr context_;
    MatchDataPtr data_;
    StackPtr stack_;  ///< or null: then JIT makes do with what it has
};

}  // namespace

struct RemovalRegex::Code {
    CodePtr code;
    Costs costs;
};

RemovalRegex::RemovalRegex(std::unique_ptr<Code> code) : code_(std::move(code)) {}
RemovalRegex::~RemovalRegex() = default;
RemovalRegex::RemovalRegex(RemovalRegex&&) noexcept = default;
RemovalRegex& RemovalRegex::operator=(RemovalRegex&&) noexcept = default;

std::variant<RemovalRegex, std::string> RemovalRegex::compile(const std::string& pattern) {
    int error = 0;
    std::size_t offset = 0;
    auto code = compileWith(pattern, kOptions, error, offset);
    if (code == nullptr) {
        return messageOf(error, offset);
    }
    pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
    if (infoOf<std::size_t>(code.get(), PCRE2_INFO_JITSIZE) == 0) {
        // Without JIT, the search for a match's first byte may read the rest of the text each time.
        code = owned(compileWith(pattern, kOptions | PCRE2_NO_START_OPTIMIZE, error, offset));
    }
    const Costs costs = costsOf(code.get(), pattern);
    return RemovalRegex(std::make_unique<Code>(Code{std::move(code), costs}));
}

std::optional<std::string> RemovalRegex::removeFrom(std::string_view text, RegexWork& work) const {
    Matching matching(code_->code.get(), code_->costs, text, work);
    std::string kept;
    std::size_t at = 0;
    int result = 0;
    while ((result = matching.find(at)) > 0) {
        // A \K may put the beginning behind the end, or before what is gone already.
        const std::size_t begin = std::max(matching.begin(), at);
        if (matching.end() <= begin) {
            return std::nullopt;
        }
        kept.append(text, at, begin - at);
        at = matching.end();
    }
    if (result != PCRE2_ERROR_NOMATCH) {
        return std::nullopt;
    }
    kept.append(text, at, std::string_view::npos);
    return kept;
}

}  // namespace edgerun::text
