#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "edgerun/auth/key_set.h"
#include "edgerun/text/json.h"

/// Published vectors, which are not part of this repository.
namespace edgerun::auth {

inline std::string dataDirectory() {
    const char* named = std::getenv("EDGERUN_TEST_DATA");
    return named != nullptr ? named : "../shared/data";
}

/// Null when the file is absent.
inline text::JsonPtr loadVectors(const std::string& name) {
    std::ifstream file(dataDirectory() + "/" + name, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    return text::parseJson(bytes, {16U << 20, 32, 1'000'000});
}

inline std::string bytesFromHex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    return bytes;
}

inline std::string member(const json_t* object, const char* name) {
    return std::string(text::stringMember(object, name).value_or(""));
}

/// The keys of an operator's file with these bytes; none if it is refused.
inline VerificationKeys keysOfFile(std::string_view bytes) {
    auto read = readKeyFile(bytes);
    auto* set = std::get_if<KeySet>(&read);
    return set != nullptr ? std::move(set->keys) : VerificationKeys();
}

/// Why such a file is refused; empty if it is not.
inline std::string faultsOfFile(std::string_view bytes) {
    std::string all;
    const auto read = readKeyFile(bytes);
    if (const auto* faults = std::get_if<KeySetFaults>(&read)) {
        for (const std::string& fault : *faults) {
            all += (all.empty() ? "" : "\n") + fault;
        }
    }
    return all;
}

}  // namespace edgerun::auth
