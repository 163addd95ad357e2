// memfdOpen(name, bytes), reserve(fd, position, bytes), seal(fd, seals), sealsOf(fd), eventOpen(): what memory that
// processes share needs besides mmap.
//
// `reserve` and `sealsOf` return a negative error number for what the kernel refuses.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "exports.h"

#if defined(__linux__)
#include <sys/eventfd.h>
#include <sys/mman.h>
#endif

namespace pond {

#if defined(__linux__) && defined(F_ADD_SEALS) && defined(MFD_ALLOW_SEALING)
namespace {

napi_value memfdOpen(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  char name[200];
  arguments.text(0, name, sizeof name);
  const uint64_t bytes = arguments.size(1);
  if (!arguments.ok()) return nullptr;
  const int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) {
    throwErrno(env, errno, "memfd_create");
    return nullptr;
  }
  if (ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    const int error = errno;
    close(fd);
    throwErrno(env, error, "ftruncate");
    return nullptr;
  }
  return number(env, fd);
}

napi_value reserve(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  const uint64_t position = arguments.size(1);
  const uint64_t bytes = arguments.size(2);
  if (!arguments.ok()) return nullptr;
  int failed;
  do failed = fallocate(fd, 0, static_cast<off_t>(position), static_cast<off_t>(bytes));
  while (failed != 0 && errno == EINTR);
  return number(env, failed == 0 ? 0 : -errno);
}

napi_value seal(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  const int32_t seals = arguments.int32(1);
  if (!arguments.ok()) return nullptr;
  if (fcntl(fd, F_ADD_SEALS, seals) != 0) {
    throwErrno(env, errno, "fcntl");
    return nullptr;
  }
  return undefined(env);
}

napi_value sealsOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  if (!arguments.ok()) return nullptr;
  const int seals = fcntl(fd, F_GET_SEALS);
  return number(env, seals < 0 ? -errno : seals);
}

napi_value eventOpen(napi_env env, napi_callback_info) {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) {
    throwErrno(env, errno, "eventfd");
    return nullptr;
  }
  return number(env, fd);
}

}  // namespace

void exportSharedMemory(napi_env env, napi_value exports) {
  exportFunction(env, exports, "memfdOpen", memfdOpen);
  exportFunction(env, exports, "reserve", reserve);
  exportFunction(env, exports, "seal", seal);
  exportFunction(env, exports, "sealsOf", sealsOf);
  exportFunction(env, exports, "eventOpen", eventOpen);
}
#else
void exportSharedMemory(napi_env, napi_value) {}
#endif

}  // namespace pond
