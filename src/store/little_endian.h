#pragma once

#include <cstddef>
#include <string>
#include <type_traits>

namespace edgerun::store {

/// Numbers as they stand in files: the lowest byte first, whatever the machine.
template <class Number>
void storeLittle(char* bytes, Number number) {
    auto rest = static_cast<std::make_unsigned_t<Number>>(number);
    for (std::size_t at = 0; at < sizeof(Number); ++at) {
        bytes[at] = static_cast<char>(rest >> (8 * at));
    }
}

template <class Number>
void appendLittle(std::string& out, Number number) {
    char bytes[sizeof(Number)];
    storeLittle(bytes, number);
    out.append(bytes, sizeof(bytes));
}

template <class Number>
Number loadLittle(const char* bytes) {
    std::make_unsigned_t<Number> number = 0;
    for (std::size_t at = 0; at < sizeof(Number); ++at) {
        number |= static_cast<std::make_unsigned_t<Number>>(static_cast<unsigned char>(bytes[at]))
                  << (8 * at);
    }
    return static_cast<Number>(number);
}

}  // namespace edgerun::store
