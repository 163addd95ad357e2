// What each subsystem adds to fabric.node.
#pragma once
#include "../common/napi.h"

namespace pond {

void exportFabricInfo(napi_env env, napi_value exports);
void exportFabricEndpoint(napi_env env, napi_value exports);

}  // namespace pond
