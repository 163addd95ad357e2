// fdOpen(path, flags, mode), fdOwn(fd), fdClose(owned), fdDisown(owned), fdNonBlocking(fd), fdTemporary(directory, mode), fdLink(fd, path):
// descriptors that the addon answers for.
//
// An owned descriptor is closed when its environment ends, if nobody did before: a worker that is terminated would
// otherwise leave its sockets open for as long as the process lives, and their peers waiting. Node closes what `fs`
// opened by itself, so what is opened here is never closed through `fs`, nor the other way round.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "exports.h"

namespace pond {
namespace {

constexpr size_t kPathMax = 4096;

struct Owned {
  int fd;
};

void collect(napi_env, void* data, void*) {
  auto* owned = static_cast<Owned*>(data);
  if (owned->fd >= 0) close(owned->fd);
  delete owned;
}

napi_value fdOpen(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  char path[kPathMax];
  arguments.text(0, path, sizeof path);
  const int32_t flags = arguments.int32(1);
  const uint32_t mode = arguments.uint32(2);
  if (!arguments.ok()) return nullptr;
  int fd;
  do fd = open(path, flags | O_CLOEXEC, static_cast<mode_t>(mode));
  while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    throwErrno(env, errno, "open");
    return nullptr;
  }
  return number(env, fd);
}

napi_value fdOwn(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  if (!arguments.ok()) return nullptr;
  auto* owned = new Owned{fd};
  napi_value handle;
  if (napi_create_external(env, owned, collect, nullptr, &handle) == napi_ok) return handle;
  collect(env, owned, nullptr);
  throwIfNothingPends(env, "napi_create_external");
  return nullptr;
}

// Null with an exception pending.
Owned* ownedOf(napi_env env, Arguments& arguments) {
  void* data = nullptr;
  if (arguments.count() >= 1 && napi_get_value_external(env, arguments.value(0), &data) == napi_ok) {
    return static_cast<Owned*>(data);
  }
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "argument 0 must be an owned descriptor");
  return nullptr;
}

napi_value fdClose(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Owned* owned = ownedOf(env, arguments);
  if (owned == nullptr) return nullptr;
  if (owned->fd >= 0) close(owned->fd);
  owned->fd = -1;
  return undefined(env);
}

// Whoever calls this closes it.
napi_value fdDisown(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Owned* owned = ownedOf(env, arguments);
  if (owned == nullptr) return nullptr;
  owned->fd = -1;
  return undefined(env);
}

napi_value fdNonBlocking(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  if (!arguments.ok()) return nullptr;
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    throwErrno(env, errno, "fcntl");
    return nullptr;
  }
  return undefined(env);
}

// A file without a name, until fdLink gives it one: by then it is whole.
napi_value fdTemporary(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  char directory[kPathMax];
  arguments.text(0, directory, sizeof directory);
  const uint32_t mode = arguments.uint32(1);
  if (!arguments.ok()) return nullptr;
#if defined(O_TMPFILE)
  const int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, static_cast<mode_t>(mode));
  // The mode is what was asked for, whatever the umask says.
  if (fd >= 0 && fchmod(fd, static_cast<mode_t>(mode)) == 0) return number(env, fd);
  const int error = errno;
  if (fd >= 0) close(fd);
  throwErrno(env, error, "open");
#else
  throwErrno(env, ENOSYS, "open");
#endif
  return nullptr;
}

napi_value fdLink(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  char path[kPathMax];
  arguments.text(1, path, sizeof path);
  if (!arguments.ok()) return nullptr;
  char self[48];
  std::snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0) {
    throwErrno(env, errno, "linkat");
    return nullptr;
  }
  return undefined(env);
}

}  // namespace

void exportDescriptor(napi_env env, napi_value exports) {
  exportFunction(env, exports, "fdOpen", fdOpen);
  exportFunction(env, exports, "fdOwn", fdOwn);
  exportFunction(env, exports, "fdClose", fdClose);
  exportFunction(env, exports, "fdDisown", fdDisown);
  exportFunction(env, exports, "fdNonBlocking", fdNonBlocking);
  exportFunction(env, exports, "fdTemporary", fdTemporary);
  exportFunction(env, exports, "fdLink", fdLink);
}

}  // namespace pond
