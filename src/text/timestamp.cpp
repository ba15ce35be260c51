#include "edgerun/text/timestamp.h"

#include <algorithm>
#include <ctime>

namespace edgerun::text {
namespace {

void writeDigits(std::string& out, std::size_t at, std::size_t count, int value) {
    for (std::size_t i = at + count; i > at; --i) {
        out[i - 1] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

/// Takes a date-time apart from its left; once something is missing, all that follows is.
class DateTimeReader {
public:
    explicit DateTimeReader(std::string_view text) : rest_(text) {}

    /// Exactly `count` digits; 0 unless they are there and stand for `least` to `most`.
    int number(std::size_t count, int least, int most);
    /// One of the characters; NUL otherwise.
    char oneOf(std::string_view characters);
    /// ".123456" as 123, if it is there.
    int milliseconds();

    bool isWhole() const { return good_ && rest_.empty(); }

private:
    bool startsWithDigit() const {
        return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
    }

    std::string_view rest_;
    bool good_ = true;
};

int daysOf(int year, int month);
std::int64_t offsetSeconds(DateTimeReader& reader);

}  // namespace

std::string formatTimestamp(std::int64_t unixMilliseconds) {
    const std::int64_t time = std::clamp<std::int64_t>(unixMilliseconds, 0, kLastTimestamp);
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

std::optional<std::int64_t> parseTimestamp(std::string_view text) {
    DateTimeReader reader(text);
    std::tm civil{};
    const int year = reader.number(4, 0, 9999);
    reader.oneOf("-");
    const int month = reader.number(2, 1, 12);
    reader.oneOf("-");
    civil.tm_year = year - 1900;
    civil.tm_mon = month - 1;
    civil.tm_mday = reader.number(2, 1, daysOf(year, month));
    reader.oneOf("Tt");
    civil.tm_hour = reader.number(2, 0, 23);
    reader.oneOf(":");
    civil.tm_min = reader.number(2, 0, 59);
    reader.oneOf(":");
    civil.tm_sec = reader.number(2, 0, 59);
    const int milliseconds = reader.milliseconds();
    const std::int64_t offset = offsetSeconds(reader);
    if (!reader.isWhole()) {
        return std::nullopt;
    }
    return (static_cast<std::int64_t>(timegm(&civil)) - offset) * 1000 + milliseconds;
}

namespace {

int daysOf(int year, int month) {
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 0 ? 0 : kDays[month - 1] + (month == 2 && isLeap ? 1 : 0);
}

std::int64_t offsetSeconds(DateTimeReader& reader) {
    const char sign = reader.oneOf("Zz+-");
    if (sign != '+' && sign != '-') {
        return 0;
    }
    const int hours = reader.number(2, 0, 23);
    reader.oneOf(":");
    const int seconds = (hours * 60 + reader.number(2, 0, 59)) * 60;
    return sign == '+' ? seconds : -seconds;
}

int DateTimeReader::number(std::size_t count, int least, int most) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        good_ = good_ && startsWithDigit();
        if (!good_) {
            return 0;
        }
        value = value * 10 + (rest_.front() - '0');
        rest_.remove_prefix(1);
    }
    good_ = value >= least && value <= most;
    return good_ ? value : 0;
}

char DateTimeReader::oneOf(std::string_view characters) {
    good_ = good_ && !rest_.empty() && characters.find(rest_.front()) != std::string_view::npos;
    if (!good_) {
        return '\0';
    }
    const char found = rest_.front();
    rest_.remove_prefix(1);
    return found;
}

int DateTimeReader::milliseconds() {
    if (!good_ || rest_.empty() || rest_.front() != '.') {
        return 0;
    }
    rest_.remove_prefix(1);
    good_ = startsWithDigit();
    int value = 0;
    for (int weight = 100; startsWithDigit(); weight /= 10) {
        value += weight * (rest_.front() - '0');
        rest_.remove_prefix(1);
    }
    return value;
}

}  // namespace
}  // namespace edgerun::text
