#pragma once
#include <cstddef>
#include <cstdint>

namespace pond {

// Whether this CPU multiplies polynomials 512 bits at a time.
bool canFoldCrc32c();

// The fewest bytes that folding takes.
constexpr size_t kFoldMin = 256;

// The state of a CRC-32C after so many of the bytes, at least kFoldMin and a multiple of 64; moves behind them.
uint32_t foldCrc32c(uint32_t state, const uint8_t*& data, size_t& length);

}  // namespace pond
