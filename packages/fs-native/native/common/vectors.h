// A list of Uint8Arrays as the vectors that writev and sendmsg take.
#pragma once
#include <sys/uio.h>

#include "napi.h"

namespace pond {

struct Vectors {
  // What goes into one call; the rest of a longer list is left for the next.
  static constexpr uint32_t kMax = 64;
  iovec at[kMax];
  uint32_t count = 0;
  // False, with an exception pending, when it was not such a list.
  bool ok = false;
};

Vectors vectorsOf(napi_env env, napi_value list);

}  // namespace pond
