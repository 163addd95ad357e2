// Folding (Gopal and others, "Fast CRC computation for generic polynomials using PCLMULQDQ", Intel 2009), four registers of
// 512 bits at a time: what was read so far is multiplied by x^2048 modulo the polynomial, and added to what is read next.
//
// Bits are reflected: the first bit of a register is its highest power, and the product of two of 64 bits comes out
// multiplied by x. So a register of 128 bits is moved on by n bits as its first half times x^(n + 63), and its second times
// x^(n - 1).
#include "crc32c-fold.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "crc32c.h"

namespace pond {
namespace {

#define POND_FOLD __attribute__((target("avx512f,avx512vl,vpclmulqdq,pclmul,sse4.2")))

constexpr size_t kRegister = 64;
constexpr size_t kAtOnce = 4;

struct Constants {
  // For the halves of 128 bits, eight of them: what moves each quarter of a register on.
  alignas(64) uint64_t fourRegisters[8];
  alignas(64) uint64_t oneRegister[8];
  // To where the last quarter is; nothing for that one.
  alignas(64) uint64_t toLast[8];

  Constants() {
    for (int quarter = 0; quarter < 4; quarter++) {
      put(fourRegisters, quarter, 8 * kAtOnce * kRegister);
      put(oneRegister, quarter, 8 * kRegister);
      put(toLast, quarter, 128 * (3 - quarter));
    }
  }

  static void put(uint64_t* into, int quarter, uint64_t bits) {
    into[2 * quarter] = bits == 0 ? 0 : static_cast<uint64_t>(crc32cPower(bits + 63)) << 32;
    into[2 * quarter + 1] = bits == 0 ? 0 : static_cast<uint64_t>(crc32cPower(bits - 1)) << 32;
  }
};

POND_FOLD inline __m512i load(const uint8_t* data) { return _mm512_loadu_si512(data); }

POND_FOLD inline __m512i moved(__m512i what, __m512i constants) {
  return _mm512_xor_si512(_mm512_clmulepi64_epi128(what, constants, 0x00),
                          _mm512_clmulepi64_epi128(what, constants, 0x11));
}

POND_FOLD inline __m512i movedOnto(__m512i what, __m512i constants, __m512i next) {
  constexpr int kXorOfThree = 0x96;
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(what, constants, 0x00),
                                   _mm512_clmulepi64_epi128(what, constants, 0x11), next, kXorOfThree);
}

}  // namespace

bool canFoldCrc32c() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.2");
}

POND_FOLD uint32_t foldCrc32c(uint32_t state, const uint8_t*& data, size_t& length) {
  static const Constants constants;
  const __m512i byFour = _mm512_load_si512(constants.fourRegisters);
  __m512i sums[kAtOnce];
  for (size_t at = 0; at < kAtOnce; at++) sums[at] = load(data + at * kRegister);
  const __m128i before = _mm_cvtsi32_si128(static_cast<int>(state));
  sums[0] = _mm512_xor_si512(sums[0], _mm512_inserti32x4(_mm512_setzero_si512(), before, 0));
  data += kAtOnce * kRegister;
  length -= kAtOnce * kRegister;
  for (; length >= kAtOnce * kRegister; data += kAtOnce * kRegister, length -= kAtOnce * kRegister) {
    for (size_t at = 0; at < kAtOnce; at++) sums[at] = movedOnto(sums[at], byFour, load(data + at * kRegister));
  }
  const __m512i byOne = _mm512_load_si512(constants.oneRegister);
  __m512i sum = sums[0];
  for (size_t at = 1; at < kAtOnce; at++) sum = movedOnto(sum, byOne, sums[at]);
  for (; length >= kRegister; data += kRegister, length -= kRegister) sum = movedOnto(sum, byOne, load(data));
  alignas(64) uint64_t halves[8];
  // The last quarter is where it belongs already.
  _mm512_store_si512(halves, _mm512_mask_blend_epi64(0xc0, moved(sum, _mm512_load_si512(constants.toLast)), sum));
  const uint64_t first = halves[0] ^ halves[2] ^ halves[4] ^ halves[6];
  const uint64_t second = halves[1] ^ halves[3] ^ halves[5] ^ halves[7];
  return static_cast<uint32_t>(_mm_crc32_u64(_mm_crc32_u64(0, first), second));
}

}  // namespace pond
#else
namespace pond {

bool canFoldCrc32c() { return false; }
uint32_t foldCrc32c(uint32_t state, const uint8_t*&, size_t&) { return state; }

}  // namespace pond
#endif
