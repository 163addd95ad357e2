// allocatePages(bytes, flags), mapShared(fd, position, bytes, writable), dropPages(buffer), pageBytes(): memory from mmap
// as ArrayBuffers.
//
// Memory is unmapped when neither JavaScript nor a ring has any more use for it, never before: a view of unmapped memory would
// end the process. dropPages takes it from the ArrayBuffer, whose views are empty from then on; it is for memory that no
// operation is under way on. An ArrayBuffer over foreign memory cannot be sent to a worker; map the file again there.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "exports.h"
#include "mappings.h"

namespace pond {
namespace {

enum AllocateFlags { kHugePages = 1, kLocked = 2 };

void unmap(napi_env, void* data, void*) { dropMapping(data); }

napi_value wrapped(napi_env env, void* data, size_t bytes) {
  napi_value buffer;
  addMapping(data, bytes);
  if (napi_create_external_arraybuffer(env, data, bytes, unmap, nullptr, &buffer) == napi_ok) return buffer;
  dropMapping(data);
  throwIfNothingPends(env, "this Node takes no external ArrayBuffers");
  return nullptr;
}

size_t rounded(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

napi_value allocatePages(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const uint64_t wanted = arguments.size(0);
  const uint32_t flags = arguments.uint32(1);
  if (!arguments.ok()) return nullptr;
  if (wanted == 0) {
    throwErrno(env, EINVAL, "mmap");
    return nullptr;
  }
  size_t bytes = rounded(wanted, static_cast<size_t>(sysconf(_SC_PAGESIZE)));
  int mapping = MAP_PRIVATE | MAP_ANONYMOUS;
#if defined(MAP_HUGETLB)
  if ((flags & kHugePages) != 0) {
    mapping |= MAP_HUGETLB;
    bytes = rounded(wanted, 2u << 20);
  }
#endif
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, mapping, -1, 0);
  if (data == MAP_FAILED) {
    throwErrno(env, errno, "mmap");
    return nullptr;
  }
  if ((flags & kLocked) != 0 && mlock(data, bytes) != 0) {
    const int error = errno;
    munmap(data, bytes);
    throwErrno(env, error, "mlock");
    return nullptr;
  }
#if defined(MADV_DONTFORK)
  // A child that is forked must not copy pages that a device writes to.
  madvise(data, bytes, MADV_DONTFORK);
#endif
  return wrapped(env, data, bytes);
}

napi_value mapShared(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  const uint64_t position = arguments.size(1);
  const uint64_t bytes = arguments.size(2);
  const bool writable = arguments.boolean(3);
  if (!arguments.ok()) return nullptr;
  // JavaScript has no read-only ArrayBuffer, and a write to a page that is would end the process. A private mapping keeps
  // such writes to itself, and shows what others write to all pages that were not written here.
  const int sharing = writable ? MAP_SHARED : MAP_PRIVATE;
  void* data = bytes == 0 ? MAP_FAILED
                          : mmap(nullptr, bytes, PROT_READ | PROT_WRITE, sharing, fd, static_cast<off_t>(position));
  if (data == MAP_FAILED) {
    throwErrno(env, bytes == 0 ? EINVAL : errno, "mmap");
    return nullptr;
  }
  return wrapped(env, data, bytes);
}

napi_value dropPages(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  arguments.arrayBuffer(0);
  if (!arguments.ok()) return nullptr;
  POND_TRY(napi_detach_arraybuffer(env, arguments.value(0)));
  return undefined(env);
}

napi_value pageBytes(napi_env env, napi_callback_info) {
  return number(env, static_cast<double>(sysconf(_SC_PAGESIZE)));
}

}  // namespace

void exportMemory(napi_env env, napi_value exports) {
  exportFunction(env, exports, "allocatePages", allocatePages);
  exportFunction(env, exports, "mapShared", mapShared);
  exportFunction(env, exports, "dropPages", dropPages);
  exportFunction(env, exports, "pageBytes", pageBytes);
}

}  // namespace pond
