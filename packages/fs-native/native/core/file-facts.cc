// directAlignment(fd): what the kernel demands of direct operations on an open file, as position * 2^16 + memory; 0 when
// the file cannot be used that way, -1 when the kernel does not say.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "exports.h"

namespace pond {
namespace {

napi_value directAlignment(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  if (!arguments.ok()) return nullptr;
#if defined(__linux__)
  // STATX_DIOALIGN of Linux 6.1, and the two fields it fills, in a struct that older headers end before them.
  constexpr unsigned kDioAlign = 0x2000;
  constexpr size_t kMemoryAt = 0x98;
  constexpr size_t kPositionAt = 0x9c;
  alignas(struct statx) uint8_t facts[256] = {};
  auto* known = reinterpret_cast<struct statx*>(facts);
  if (statx(fd, "", AT_EMPTY_PATH, kDioAlign, known) != 0) {
    throwErrno(env, errno, "statx");
    return nullptr;
  }
  if ((known->stx_mask & kDioAlign) == 0) return number(env, -1);
  uint32_t memory;
  uint32_t position;
  std::memcpy(&memory, facts + kMemoryAt, sizeof memory);
  std::memcpy(&position, facts + kPositionAt, sizeof position);
  return number(env, static_cast<double>(position) * 65536 + memory);
#else
  return number(env, -1);
#endif
}

}  // namespace

void exportFileFacts(napi_env env, napi_value exports) {
  exportFunction(env, exports, "directAlignment", directAlignment);
}

}  // namespace pond
