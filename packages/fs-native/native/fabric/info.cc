// fabricVersion(), fabricProviders(): what libfabric finds on this machine that an endpoint of ours could use.
#include "exports.h"
#include "fabric.h"

namespace pond {
namespace {

napi_value fabricVersion(napi_env env, napi_callback_info) {
  char version[32];
  const uint32_t number = fi_version();
  std::snprintf(version, sizeof version, "%u.%u", FI_MAJOR(number), FI_MINOR(number));
  return text(env, version);
}

// A list of [provider, network, interface], in the order that libfabric prefers them.
napi_value fabricProviders(napi_env env, napi_callback_info) {
  prepareLibrary();
  fi_info* hints = newHints("");
  fi_info* found = nullptr;
  napi_value list;
  POND_TRY(napi_create_array(env, &list));
  const int failed = hints == nullptr ? -FI_ENOMEM : fi_getinfo(FI_VERSION(1, 15), nullptr, nullptr, 0, hints, &found);
  if (hints != nullptr) fi_freeinfo(hints);
  if (failed == -FI_ENODATA) return list;
  if (failed != 0) {
    throwFabric(env, -failed, "fi_getinfo");
    return nullptr;
  }
  uint32_t index = 0;
  for (const fi_info* info = found; info != nullptr; info = info->next) {
    const char* const words[] = {info->fabric_attr->prov_name, info->fabric_attr->name, info->domain_attr->name};
    napi_value row;
    bool made = napi_create_array_with_length(env, 3, &row) == napi_ok;
    for (uint32_t i = 0; made && i < 3; i++) {
      made = napi_set_element(env, row, i, text(env, words[i] == nullptr ? "" : words[i])) == napi_ok;
    }
    if (!made || napi_set_element(env, list, index++, row) != napi_ok) break;
  }
  fi_freeinfo(found);
  return list;
}

}  // namespace

void exportFabricInfo(napi_env env, napi_value exports) {
  exportFunction(env, exports, "fabricVersion", fabricVersion);
  exportFunction(env, exports, "fabricProviders", fabricProviders);
}

}  // namespace pond
