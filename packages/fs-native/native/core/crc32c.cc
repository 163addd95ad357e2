// By folding where the CPU can (`crc32c-fold.cc`), else by its CRC instruction, else by tables.
//
// Three streams at a time, because the CRC instruction takes three cycles and one can start in each. The streams are
// joined by multiplying with x^(8n) modulo the polynomial, as Mark Adler's crc32c.c and zlib's crc32_combine do.
#include "crc32c.h"

#include <cstdlib>
#include <cstring>

#include "crc32c-fold.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace pond {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;

struct Tables {
  uint32_t bytes[8][256];
  // x^(2^n) modulo the polynomial, bits reflected.
  uint32_t powers[32];

  constexpr Tables() : bytes(), powers() {
    for (uint32_t i = 0; i < 256; i++) {
      uint32_t crc = i;
      for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
      bytes[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++) {
      for (int table = 1; table < 8; table++) {
        const uint32_t before = bytes[table - 1][i];
        bytes[table][i] = (before >> 8) ^ bytes[0][before & 0xff];
      }
    }
    uint32_t power = 1u << 30;  // x^1
    for (int n = 0; n < 32; n++) {
      powers[n] = power;
      power = multiply(power, power);
    }
  }

  // The product of two polynomials of degree below 32, modulo ours.
  static constexpr uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (uint32_t mask = 1u << 31; mask != 0; mask >>= 1) {
      if ((a & mask) != 0) product ^= b;
      b = (b >> 1) ^ ((b & 1) != 0 ? kPolynomial : 0);
    }
    return product;
  }
};

constexpr Tables kTables;

// x^(many * 2^n) modulo the polynomial. x^(2^32 - 1) is 1, so the powers repeat after 32.
uint32_t power(uint64_t many, int n) {
  uint32_t product = 1u << 31;  // x^0
  for (; many != 0; many >>= 1, n++) {
    if ((many & 1) != 0) product = Tables::multiply(kTables.powers[n & 31], product);
  }
  return product;
}

// x^(8 * bytes).
uint32_t shiftBy(uint64_t bytes) { return power(bytes, 3); }

uint64_t load64(const uint8_t* data) {
  uint64_t value;
  std::memcpy(&value, data, 8);
  return value;
}

uint32_t byTable(uint32_t crc, const uint8_t* data, size_t length) {
  const auto& t = kTables.bytes;
  for (; length >= 8; data += 8, length -= 8) {
    const uint64_t word = load64(data) ^ crc;
    crc = t[7][word & 0xff] ^ t[6][(word >> 8) & 0xff] ^ t[5][(word >> 16) & 0xff] ^ t[4][(word >> 24) & 0xff] ^
          t[3][(word >> 32) & 0xff] ^ t[2][(word >> 40) & 0xff] ^ t[1][(word >> 48) & 0xff] ^ t[0][word >> 56];
  }
  for (; length > 0; data++, length--) crc = (crc >> 8) ^ t[0][(crc ^ *data) & 0xff];
  return crc;
}

#if defined(__x86_64__)
#define POND_CRC_TARGET __attribute__((target("sse4.2")))
POND_CRC_TARGET inline uint64_t step64(uint64_t crc, uint64_t word) { return _mm_crc32_u64(crc, word); }
POND_CRC_TARGET inline uint32_t step8(uint32_t crc, uint8_t byte) { return _mm_crc32_u8(crc, byte); }
bool hasInstruction() { return __builtin_cpu_supports("sse4.2") != 0; }
constexpr const char* kInstruction = "sse4.2";
#elif defined(__aarch64__) && defined(__linux__)
#define POND_CRC_TARGET __attribute__((target("+crc")))
POND_CRC_TARGET inline uint64_t step64(uint64_t crc, uint64_t word) { return __crc32cd(static_cast<uint32_t>(crc), word); }
POND_CRC_TARGET inline uint32_t step8(uint32_t crc, uint8_t byte) { return __crc32cb(crc, byte); }
bool hasInstruction() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
constexpr const char* kInstruction = "armv8";
#endif

#if defined(POND_CRC_TARGET)
// What one stream takes before the three are joined: long ones amortize joining, short ones serve short buffers.
constexpr size_t kLong = 8192;
constexpr size_t kShort = 256;

// Multiplication by a constant polynomial, four lookups instead of 32 steps.
struct Shift {
  uint32_t table[4][256];
  explicit Shift(size_t bytes) {
    const uint32_t factor = shiftBy(bytes);
    for (uint32_t i = 0; i < 256; i++) {
      for (int at = 0; at < 4; at++) table[at][i] = Tables::multiply(factor, i << (8 * at));
    }
  }
  uint32_t operator()(uint32_t crc) const {
    return table[0][crc & 0xff] ^ table[1][(crc >> 8) & 0xff] ^ table[2][(crc >> 16) & 0xff] ^ table[3][crc >> 24];
  }
};

template <size_t kStream>
POND_CRC_TARGET inline void threeStreams(uint64_t& crc, const uint8_t*& data, size_t& length, const Shift& shift) {
  for (; length >= 3 * kStream; data += 3 * kStream, length -= 3 * kStream) {
    uint64_t second = 0;
    uint64_t third = 0;
    for (size_t at = 0; at < kStream; at += 8) {
      crc = step64(crc, load64(data + at));
      second = step64(second, load64(data + kStream + at));
      third = step64(third, load64(data + 2 * kStream + at));
    }
    crc = shift(static_cast<uint32_t>(crc)) ^ static_cast<uint32_t>(second);
    crc = shift(static_cast<uint32_t>(crc)) ^ static_cast<uint32_t>(third);
  }
}

POND_CRC_TARGET uint32_t byInstruction(uint32_t start, const uint8_t* data, size_t length) {
  static const Shift shiftLong(kLong);
  static const Shift shiftShort(kShort);
  uint64_t crc = start;
  threeStreams<kLong>(crc, data, length, shiftLong);
  threeStreams<kShort>(crc, data, length, shiftShort);
  for (; length >= 8; data += 8, length -= 8) crc = step64(crc, load64(data));
  for (; length > 0; data++, length--) crc = step8(static_cast<uint32_t>(crc), *data);
  return static_cast<uint32_t>(crc);
}

uint32_t byFolding(uint32_t state, const uint8_t* data, size_t length) {
  if (length >= kFoldMin) state = foldCrc32c(state, data, length);
  return byInstruction(state, data, length);
}
#endif

struct Way {
  const char* name;
  uint32_t (*go)(uint32_t state, const uint8_t* data, size_t length);
};

// The best there is here; or what POND_CRC32C names of it, for tests of those that another CPU would take.
Way chosen() {
  Way ways[3];
  int count = 0;
#if defined(POND_CRC_TARGET)
  if (canFoldCrc32c()) ways[count++] = {"avx512", byFolding};
  if (hasInstruction()) ways[count++] = {kInstruction, byInstruction};
#endif
  ways[count++] = {"table", byTable};
  const char* wanted = std::getenv("POND_CRC32C");
  for (int at = 0; wanted != nullptr && at < count; at++) {
    if (std::strcmp(wanted, ways[at].name) == 0) return ways[at];
  }
  return ways[0];
}

const Way kWay = chosen();

}  // namespace

uint32_t crc32c(uint32_t crc, const uint8_t* data, size_t length) { return ~kWay.go(~crc, data, length); }

uint32_t crc32cPower(uint64_t bits) { return power(bits, 0); }

uint32_t crc32cCombine(uint32_t first, uint32_t second, uint64_t secondLength) {
  return Tables::multiply(shiftBy(secondLength), first) ^ second;
}

uint32_t crc32cJoin(uint32_t before, const uint8_t* sums, size_t count, uint64_t pieceBytes) {
  const uint32_t shift = shiftBy(pieceBytes);
  uint32_t whole = before;
  for (size_t at = 0; at < count; at++) {
    uint32_t sum;
    std::memcpy(&sum, sums + at * sizeof sum, sizeof sum);
    whole = Tables::multiply(shift, whole) ^ sum;
  }
  return whole;
}

const char* crc32cImplementation() { return kWay.name; }

}  // namespace pond
