// Pure functions that make little of much: the live host runs them where the bytes lie, so that a
// log of gigabytes or a private key never travels.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace hopcheck {

/// Random access to a file's bytes; `read` fills up to n bytes at `offset` and says how many.
struct ByteSource {
  std::uint64_t size{0};
  std::function<std::size_t(std::uint64_t offset, char* buffer, std::size_t n)> read{};
};

/// `format`: the question's option of that name, "" where it has none.
using Reducer = std::string (*)(const ByteSource&, const std::string& format);

/// The reducer of that name, null where there is none. The version of a reducer is part of its
/// name: "last-lines-160"; "certificates-1" (certificate_text.h); "public-key-1", the hash of the
/// public key that belongs to a private one.
Reducer find_reducer(const std::string& name);

}  // namespace hopcheck
