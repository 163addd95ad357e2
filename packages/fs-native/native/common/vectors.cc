#include "vectors.h"

namespace pond {

Vectors vectorsOf(napi_env env, napi_value list) {
  Vectors vectors;
  uint32_t length = 0;
  if (list == nullptr || napi_get_array_length(env, list, &length) != napi_ok) {
    throwIfNothingPends(env, "a list of Uint8Arrays was expected");
    return vectors;
  }
  if (length > Vectors::kMax) length = Vectors::kMax;
  for (; vectors.count < length; vectors.count++) {
    napi_value view;
    napi_typedarray_type type = napi_int8_array;
    void* data = nullptr;
    size_t bytes = 0;
    if (napi_get_element(env, list, vectors.count, &view) != napi_ok ||
        napi_get_typedarray_info(env, view, &type, &bytes, &data, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array) {
      throwIfNothingPends(env, "a list of Uint8Arrays was expected");
      return vectors;
    }
    vectors.at[vectors.count] = {data, bytes};
  }
  vectors.ok = true;
  return vectors;
}

}  // namespace pond
