// mountFuse(source, path, type, options): mount(2) of a FUSE file system, for root. Taking one away waits for its server,
// which may be this very process, so that is left to a child process.
#include <cerrno>
#include <cstdio>

#include "exports.h"

#if defined(__linux__)
#include <sys/mount.h>
#endif

namespace pond {

#if defined(__linux__)
namespace {

napi_value mountFuse(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  char source[256];
  char path[4096];
  char type[64];
  char options[512];
  arguments.text(0, source, sizeof source);
  arguments.text(1, path, sizeof path);
  arguments.text(2, type, sizeof type);
  arguments.text(3, options, sizeof options);
  if (!arguments.ok()) return nullptr;
  if (mount(source, path, type, MS_NOSUID | MS_NODEV, options) != 0) {
    throwErrno(env, errno, "mount");
    return nullptr;
  }
  return undefined(env);
}

}  // namespace

void exportMount(napi_env env, napi_value exports) { exportFunction(env, exports, "mountFuse", mountFuse); }
#else
void exportMount(napi_env, napi_value) {}
#endif

}  // namespace pond
