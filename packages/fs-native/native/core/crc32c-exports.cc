// crc32c(bytes, crc), crc32cCombine(first, second, bytesOfSecond), crc32cImplementation().
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

napi_value implementation(napi_env env, napi_callback_info) { return text(env, crc32cImplementation()); }

}  // namespace

void exportCrc32c(napi_env env, napi_value exports) {
  exportFunction(env, exports, "crc32c", checksum);
  exportFunction(env, exports, "crc32cCombine", combine);
  exportFunction(env, exports, "crc32cImplementation", implementation);
}

}  // namespace pond
