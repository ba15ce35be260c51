#include "edgerun/text/timestamp.h"

#include <algorithm>
#include <ctime>

namespace edgerun::text {
namespace {

constexpr std::int64_t kLastMillisecond = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

void writeDigits(std::string& out, std::size_t at, std::size_t count, int value) {
    for (std::size_t i = at + count; i > at; --i) {
        out[i - 1] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

}  // namespace

std::string formatTimestamp(std::int64_t unixMilliseconds) {
    const std::int64_t time = std::clamp<std::int64_t>(unixMilliseconds, 0, kLastMillisecond);
    const std::time_t seconds = time / 1000;
    std::tm civil{};
    gmtime_r(&seconds, &civil);

    std::string out = "0000-00-00T00:00:00.000Z";
    writeDigits(out, 0, 4, civil.tm_year + 1900);
    writeDigits(out, 5, 2, civil.tm_mon + 1);
    writeDigits(out, 8, 2, civil.tm_mday);
    writeDigits(out, 11, 2, civil.tm_hour);
    writeDigits(out, 14, 2, civil.tm_min);
    writeDigits(out, 17, 2, civil.tm_sec);
    writeDigits(out, 20, 3, static_cast<int>(time % 1000));
    return out;
}

}  // namespace edgerun::text
