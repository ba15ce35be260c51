#include "json_fields.h"

#include <cstdio>
#include <string>

namespace jobload {

namespace {

bool isSpace(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// Moves over one JSON value after another.
class Cursor {
public:
    explicit Cursor(std::string_view text) : text_(text) {}

    bool take(char expected) {
        skipSpace();
        if (at_ < text_.size() && text_[at_] == expected) {
            ++at_;
            return true;
        }
        return false;
    }

    /// Empty at the end or where no value starts.
    std::string_view value() {
        skipSpace();
        auto start = at_;
        for (int depth = 0; at_ < text_.size();) {
            char c = text_[at_];
            if (c == '"') {
                skipString();
            } else if (c == '{' || c == '[') {
                ++depth;
                ++at_;
            } else if (depth == 0 && (c == ',' || c == ':' || c == '}' || c == ']')) {
                break;
            } else {
                depth -= c == '}' || c == ']';
                ++at_;
            }
        }
        auto end = at_;
        while (end > start && isSpace(text_[end - 1])) {
            --end;
        }
        return text_.substr(start, end - start);
    }

private:
    void skipSpace() {
        while (at_ < text_.size() && isSpace(text_[at_])) {
            ++at_;
        }
    }

    void skipString() {
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            at_ += text_[at_] == '\\';
        }
        ++at_;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string_view unquoted(std::string_view value) {
    bool isString = value.size() >= 2 && value.front() == '"';
    return isString ? value.substr(1, value.size() - 2) : value;
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
std::int64_t daysOf(int year, int month, int day) {
    int y = month <= 2 ? year - 1 : year;
    int monthFromMarch = (month + 9) % 12;
    std::int64_t leapDays = y / 4 - y / 100 + y / 400;
    return 365LL * y + leapDays + (monthFromMarch * 306 + 5) / 10 + day - 1 - 719468;
}

}  // namespace

std::optional<std::string_view> jsonMember(std::string_view object, std::string_view name) {
    Cursor cursor(object);
    if (!cursor.take('{')) {
        return std::nullopt;
    }
    do {
        auto key = cursor.value();
        if (!cursor.take(':')) {
            return std::nullopt;
        }
        auto value = cursor.value();
        if (unquoted(key) == name) {
            return unquoted(value);
        }
    } while (cursor.take(','));
    return std::nullopt;
}

void forEachElement(std::string_view array, const std::function<void(std::string_view)>& each) {
    Cursor cursor(array);
    if (!cursor.take('[')) {
        return;
    }
    do {
        auto element = cursor.value();
        if (!element.empty()) {
            each(element);
        }
    } while (cursor.take(','));
}

std::optional<std::int64_t> millisecondsOf(std::string_view isoTime) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, milli = 0;
    int fields = std::sscanf(std::string(isoTime).c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &year,
                             &month, &day, &hour, &minute, &second, &milli);
    if (fields != 7) {
        return std::nullopt;
    }
    auto minutes = (daysOf(year, month, day) * 24 + hour) * 60 + minute;
    return (minutes * 60 + second) * 1000 + milli;
}

}  // namespace jobload
