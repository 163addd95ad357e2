// What each subsystem adds to core.node.
#pragma once
#include "../common/napi.h"

namespace pond {

void exportCrc32c(napi_env env, napi_value exports);
void exportMemory(napi_env env, napi_value exports);
void exportFileFacts(napi_env env, napi_value exports);
void exportPoll(napi_env env, napi_value exports);
void exportRing(napi_env env, napi_value exports);
void exportDescriptor(napi_env env, napi_value exports);
void exportSharedMemory(napi_env env, napi_value exports);
void exportMessage(napi_env env, napi_value exports);
void exportSocket(napi_env env, napi_value exports);
void exportMount(napi_env env, napi_value exports);
void exportBootClock(napi_env env, napi_value exports);

}  // namespace pond
