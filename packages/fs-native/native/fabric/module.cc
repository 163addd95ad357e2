// fabric.node: remote memory access over libfabric. Optional, and apart from core.node, because it does not load where
// libfabric is missing.
#include "exports.h"

NAPI_MODULE_INIT() {
  pond::exportFabricInfo(env, exports);
  pond::exportFabricEndpoint(env, exports);
  return exports;
}
