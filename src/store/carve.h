#pragma once

#include <cstddef>

/// How a piece of memory is divided.
namespace edgerun::store {

inline constexpr std::size_t kLine = 64;

constexpr std::size_t roundUp(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

constexpr std::size_t powerOfTwoFrom(std::size_t value) {
    std::size_t power = 1;
    while (power < value) {
        power *= 2;
    }
    return power;
}

/// The place of so many of them behind `end`, which it moves to the next line.
template <typename T>
std::size_t reserve(std::size_t& end, std::size_t count) {
    const std::size_t begin = end;
    end = roundUp(end + count * sizeof(T), kLine);
    return begin;
}

}  // namespace edgerun::store
