#include "napi.h"

#include <cerrno>

namespace pond {

const char* errnoName(int error) {
  switch (error) {
#define NAME(code) \
  case code:       \
    return #code;
    NAME(EPERM) NAME(ENOENT) NAME(EINTR) NAME(EIO) NAME(ENXIO) NAME(EBADF) NAME(EAGAIN) NAME(ENOMEM)
    NAME(EACCES) NAME(EFAULT) NAME(EBUSY) NAME(EEXIST) NAME(EXDEV) NAME(ENODEV) NAME(ENOTDIR) NAME(EISDIR)
    NAME(EINVAL) NAME(ENFILE) NAME(EMFILE) NAME(ENOTTY) NAME(EFBIG) NAME(ENOSPC) NAME(ESPIPE) NAME(EROFS)
    NAME(EMLINK) NAME(EPIPE) NAME(ERANGE) NAME(EDEADLK) NAME(ENAMETOOLONG) NAME(ENOSYS) NAME(ENOTEMPTY)
    NAME(ELOOP) NAME(EOVERFLOW) NAME(EMSGSIZE) NAME(EOPNOTSUPP) NAME(EADDRINUSE) NAME(EADDRNOTAVAIL)
    NAME(ENETUNREACH) NAME(ECONNABORTED) NAME(ECONNRESET) NAME(ENOBUFS) NAME(EISCONN) NAME(ENOTCONN)
    NAME(ETIMEDOUT) NAME(ECONNREFUSED) NAME(EHOSTUNREACH) NAME(EALREADY) NAME(EINPROGRESS) NAME(ESTALE)
    NAME(EDQUOT) NAME(ECANCELED)
#undef NAME
    default:
      return "EOTHER";
  }
}

void throwErrno(napi_env env, int error, const char* syscall) {
  char message[160];
  std::snprintf(message, sizeof message, "%s: %s", syscall, std::strerror(error));
  napi_value code, text, object, call, number;
  if (napi_create_string_utf8(env, errnoName(error), NAPI_AUTO_LENGTH, &code) != napi_ok) return;
  if (napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text) != napi_ok) return;
  if (napi_create_error(env, code, text, &object) != napi_ok) return;
  if (napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &call) != napi_ok) return;
  if (napi_create_int32(env, -error, &number) != napi_ok) return;
  napi_set_named_property(env, object, "syscall", call);
  napi_set_named_property(env, object, "errno", number);
  napi_throw(env, object);
}

Arguments::Arguments(napi_env env, napi_callback_info info) : env_(env) {
  ok_ = napi_get_cb_info(env, info, &count_, values_, &self_, &data_) == napi_ok;
  if (count_ > kMax) count_ = kMax;
}

void Arguments::fail(size_t index, const char* expected) {
  if (!ok_) return;
  ok_ = false;
  char message[96];
  std::snprintf(message, sizeof message, "argument %zu must be %s", index, expected);
  napi_throw_type_error(env_, "ERR_INVALID_ARG_TYPE", message);
}

double Arguments::number(size_t index) {
  double result = 0;
  if (index >= count_ || napi_get_value_double(env_, values_[index], &result) != napi_ok) fail(index, "a number");
  return result;
}

uint64_t Arguments::size(size_t index) {
  const double given = number(index);
  if (ok_ && !(given >= 0 && given <= 9007199254740991.0 && given == static_cast<double>(static_cast<uint64_t>(given)))) {
    fail(index, "a whole number from 0 to 2^53 - 1");
  }
  return ok_ ? static_cast<uint64_t>(given) : 0;
}

int32_t Arguments::int32(size_t index) {
  const double given = number(index);
  if (ok_ && given != static_cast<double>(static_cast<int32_t>(given))) fail(index, "a whole number of 32 bits");
  return ok_ ? static_cast<int32_t>(given) : 0;
}

uint32_t Arguments::uint32(size_t index) {
  const double given = number(index);
  if (ok_ && !(given >= 0 && given <= 4294967295.0 && given == static_cast<double>(static_cast<uint32_t>(given)))) {
    fail(index, "a whole number from 0 to 2^32 - 1");
  }
  return ok_ ? static_cast<uint32_t>(given) : 0;
}

bool Arguments::boolean(size_t index) {
  bool result = false;
  if (index >= count_ || napi_get_value_bool(env_, values_[index], &result) != napi_ok) fail(index, "a boolean");
  return result;
}

Bytes Arguments::bytes(size_t index) {
  Bytes result;
  if (index >= count_) {
    fail(index, "a view of bytes");
    return result;
  }
  void* data = nullptr;
  napi_typedarray_type type;
  size_t elements = 0;
  size_t offset = 0;
  napi_value buffer;
  bool isTyped = false;
  if (napi_is_typedarray(env_, values_[index], &isTyped) != napi_ok || !isTyped ||
      napi_get_typedarray_info(env_, values_[index], &type, &elements, &data, &buffer, &offset) != napi_ok) {
    fail(index, "a view of bytes");
    return result;
  }
  static constexpr uint8_t kWidths[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  result.data = static_cast<uint8_t*>(data);
  result.length = elements * kWidths[type];
  return result;
}

Bytes Arguments::arrayBuffer(size_t index) {
  Bytes result;
  void* data = nullptr;
  bool isBuffer = false;
  if (index >= count_ || napi_is_arraybuffer(env_, values_[index], &isBuffer) != napi_ok || !isBuffer ||
      napi_get_arraybuffer_info(env_, values_[index], &data, &result.length) != napi_ok) {
    fail(index, "an ArrayBuffer");
    return result;
  }
  result.data = static_cast<uint8_t*>(data);
  return result;
}

bool Arguments::text(size_t index, char* into, size_t capacity) {
  size_t length = 0;
  if (index >= count_ || napi_get_value_string_utf8(env_, values_[index], nullptr, 0, &length) != napi_ok) {
    fail(index, "text");
    return false;
  }
  if (length >= capacity) {
    fail(index, "shorter text");
    return false;
  }
  if (napi_get_value_string_utf8(env_, values_[index], into, capacity, &length) != napi_ok ||
      std::memchr(into, 0, length) != nullptr) {
    fail(index, "text without a zero in it");
    return false;
  }
  return true;
}

napi_value Arguments::function(size_t index) {
  napi_valuetype type;
  if (index >= count_ || napi_typeof(env_, values_[index], &type) != napi_ok || type != napi_function) {
    fail(index, "a function");
    return nullptr;
  }
  return values_[index];
}

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

napi_value text(napi_env env, const char* value) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result);
  return result;
}

napi_value undefined(napi_env env) {
  napi_value result = nullptr;
  napi_get_undefined(env, &result);
  return result;
}

void exportFunction(napi_env env, napi_value exports, const char* name, napi_callback call) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, call, nullptr, &function) == napi_ok) {
    napi_set_named_property(env, exports, name, function);
  }
}

}  // namespace pond
