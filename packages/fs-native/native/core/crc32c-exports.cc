// crc32c(bytes, crc), crc32cEach(bytes, pieceBytes, sums), crc32cCombine(first, second, bytesOfSecond),
// crc32cJoin(before, sums, pieceBytes), crc32cImplementation(). `sums` is a Uint32Array.
#include <algorithm>
#include <cstring>

#include "crc32c.h"
#include "exports.h"

namespace pond {
namespace {

napi_value checksum(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes bytes = arguments.bytes(0);
  const uint32_t start = arguments.uint32(1);
  if (!arguments.ok()) return nullptr;
  return number(env, crc32c(start, bytes.data, bytes.length));
}

napi_value combine(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const uint32_t first = arguments.uint32(0);
  const uint32_t second = arguments.uint32(1);
  const uint64_t length = arguments.size(2);
  if (!arguments.ok()) return nullptr;
  return number(env, crc32cCombine(first, second, length));
}

napi_value each(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes bytes = arguments.bytes(0);
  const uint32_t piece = arguments.uint32(1);
  const Bytes sums = arguments.bytes(2);
  if (!arguments.ok()) return nullptr;
  POND_ASSERT(piece > 0);
  POND_ASSERT(sums.length / sizeof(uint32_t) >= (bytes.length + piece - 1) / piece);
  uint8_t* into = sums.data;
  for (size_t at = 0; at < bytes.length; at += piece, into += sizeof(uint32_t)) {
    const uint32_t sum = crc32c(0, bytes.data + at, std::min<size_t>(piece, bytes.length - at));
    std::memcpy(into, &sum, sizeof sum);
  }
  return undefined(env);
}

napi_value join(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const uint32_t before = arguments.uint32(0);
  const Bytes sums = arguments.bytes(1);
  const uint32_t piece = arguments.uint32(2);
  if (!arguments.ok()) return nullptr;
  return number(env, crc32cJoin(before, sums.data, sums.length / sizeof(uint32_t), piece));
}

napi_value implementation(napi_env env, napi_callback_info) { return text(env, crc32cImplementation()); }

}  // namespace

void exportCrc32c(napi_env env, napi_value exports) {
  exportFunction(env, exports, "crc32c", checksum);
  exportFunction(env, exports, "crc32cEach", each);
  exportFunction(env, exports, "crc32cCombine", combine);
  exportFunction(env, exports, "crc32cJoin", join);
  exportFunction(env, exports, "crc32cImplementation", implementation);
}

}  // namespace pond
