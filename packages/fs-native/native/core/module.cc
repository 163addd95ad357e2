// core.node: no library to install beside libc and libstdc++.
#include "exports.h"

NAPI_MODULE_INIT() {
  pond::exportCrc32c(env, exports);
  pond::exportMemory(env, exports);
  pond::exportPoll(env, exports);
  return exports;
}
