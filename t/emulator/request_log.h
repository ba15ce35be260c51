#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "http_message.h"

namespace emulator {

// What came in and what it was answered, for tests to read: JSON objects, oldest first.
class RequestLog {
public:
    // An empty file name means memory only. False when the file cannot be opened.
    bool openFile(const std::string& name);

    // `status` 0: no answer was given. `fault` is empty when nothing was spoiled.
    void add(const Request& request, std::string_view call, int status, std::string_view fault);

    // A JSON array of the entries after `since`; of one call only when `call` is not empty.
    std::string render(std::uint64_t since, std::string_view call) const;
    void clear() { entries_.clear(); }
    std::uint64_t lastSequence() const { return sequence_; }

private:
    struct Entry {
        std::uint64_t sequence;
        std::string call;
        std::string json;
    };
    struct FileClose {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    std::deque<Entry> entries_;
    std::uint64_t sequence_ = 0;
    std::unique_ptr<std::FILE, FileClose> file_;
};

}  // namespace emulator
