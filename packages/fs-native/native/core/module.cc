// core.node: no library to install beside libc and libstdc++.
#include "exports.h"

NAPI_MODULE_INIT() {
  pond::exportCrc32c(env, exports);
  pond::exportMemory(env, exports);
  pond::exportFileFacts(env, exports);
  pond::exportPoll(env, exports);
  pond::exportRing(env, exports);
  pond::exportDescriptor(env, exports);
  pond::exportSharedMemory(env, exports);
  pond::exportMessage(env, exports);
  pond::exportSocket(env, exports);
  pond::exportMount(env, exports);
  pond::exportBootClock(env, exports);
  return exports;
}
