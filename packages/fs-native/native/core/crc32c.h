#pragma once
#include <cstddef>
#include <cstdint>

namespace pond {

// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of the bytes, continued from `crc`, the value of what came before; 0 to
// begin. "123456789" gives 0xe3069283.
uint32_t crc32c(uint32_t crc, const uint8_t* data, size_t length);

// The CRC of two pieces one after another, from theirs and the length of the second.
uint32_t crc32cCombine(uint32_t first, uint32_t second, uint64_t secondLength);

// x^bits modulo the polynomial, bits reflected.
uint32_t crc32cPower(uint64_t bits);

// Of pieces of the same length behind what `before` is of. The sums need not be aligned.
uint32_t crc32cJoin(uint32_t before, const uint8_t* sums, size_t count, uint64_t pieceBytes);

// "avx512", "sse4.2", "armv8" or "table": what this process takes.
const char* crc32cImplementation();

}  // namespace pond
