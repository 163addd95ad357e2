// Thin helpers over Node-API in C: argument reading, errors with a code, exported functions. No policy.
//
// Nothing here is called off the JavaScript thread.
#pragma once
#define NAPI_VERSION 8
#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace pond {

// A broken invariant of the addon. State is no longer trusted, so the process ends, as it does for `assert` in TypeScript.
#define POND_ASSERT(condition)                                                              \
  do {                                                                                      \
    if (!(condition)) {                                                                     \
      std::fprintf(stderr, "fs-native: %s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                         \
    }                                                                                       \
  } while (0)

// Returns from a function that JavaScript called, when Node-API refused: the pending exception says why.
#define POND_TRY(call)                        \
  do {                                        \
    if ((call) != napi_ok) {                  \
      pond::throwIfNothingPends(env, #call);  \
      return nullptr;                         \
    }                                         \
  } while (0)

inline void throwIfNothingPends(napi_env env, const char* what) {
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && !pending) {
    napi_throw_error(env, "EINVAL", what);
  }
}

// Throws an Error whose `code` is the kernel's name of `error` and whose `syscall` says which call failed. The typed
// layer turns it into an error that names the thing.
void throwErrno(napi_env env, int error, const char* syscall);

// The kernel's name of an error number, such as "ENOSPC"; "EOTHER" for one without a name here.
const char* errnoName(int error);

struct Bytes {
  uint8_t* data = nullptr;
  size_t length = 0;
};

// Arguments of a call. Reading past those given, or one of another type, throws a TypeError; `ok` is false from then on.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info);
  bool ok() const { return ok_; }
  napi_value self() const { return self_; }
  void* data() const { return data_; }
  size_t count() const { return count_; }
  napi_value value(size_t index) const { return index < count_ ? values_[index] : nullptr; }

  int32_t int32(size_t index);
  uint32_t uint32(size_t index);
  // A whole number from 0 to 2^53 - 1.
  uint64_t size(size_t index);
  double number(size_t index);
  bool boolean(size_t index);
  // The memory of a Uint8Array, or of any other view. It stays where it is while JavaScript holds the view.
  Bytes bytes(size_t index);
  Bytes arrayBuffer(size_t index);
  // UTF-8, ended by a zero; throws when it is longer than the buffer or holds a zero.
  bool text(size_t index, char* into, size_t capacity);
  napi_value function(size_t index);

 private:
  static constexpr size_t kMax = 8;
  void fail(size_t index, const char* expected);
  napi_env env_;
  napi_value values_[kMax] = {};
  size_t count_ = kMax;
  napi_value self_ = nullptr;
  void* data_ = nullptr;
  bool ok_ = true;
};

napi_value number(napi_env env, double value);
napi_value text(napi_env env, const char* value);
napi_value undefined(napi_env env);

// Adds a function to the addon's exports.
void exportFunction(napi_env env, napi_value exports, const char* name, napi_callback call);

}  // namespace pond
