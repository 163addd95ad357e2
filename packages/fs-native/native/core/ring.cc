// ringOpen(entries, table, onCompletions), ringSubmit(ring, count), ringReap(ring), ringRegion(ring, buffer),
// ringFile(ring, fd), ringForget(ring, slot), ringSpin(ring, microseconds), ringHold(ring, on), ringClose(ring, onClosed):
// disk operations in batches.
//
// Operations and their outcomes go through one ArrayBuffer, `table`, so that a batch is one call:
//   32 bytes an operation, `entries` of them; Int32 lanes 0 opcode and flags, 1 file, 2 id, 3 region or mode;
//     lanes 4-5 Float64 position in the file; lane 6 offset in the region and lane 7 length, or 6-7 Float64 length
//   8 bytes an outcome, `entries` of them; Int32 lanes 0 id, 1 result: bytes, or a negative error number
// A file is a slot that ringFile gave, or ~fd. The layout is that of src/ring/table.ts.
//
// Memory that the kernel writes to is not let go of while an operation is under way: the ring holds the mapping of every
// region, and waits for what runs before it closes, also when its worker is terminated.
#include "uring.h"

#include "../common/environment.h"
#include "exports.h"
#include "mappings.h"

#if POND_HAS_URING
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <memory>
#include <vector>

namespace pond {
namespace {

enum Opcode { kRead = 0, kWrite = 1, kSync = 2, kDataSync = 3, kAllocate = 4, kOpcodeMask = 0xff };
// Has the operation run by a thread of the kernel's: buffered copies would otherwise run inside the submitting call.
constexpr int32_t kAsync = 0x100;

// Regions registered with the kernel; further ones go by their addresses.
constexpr unsigned kRegionsMax = 64;
constexpr unsigned kFilesMax = 4096;
constexpr size_t kOperationLanes = 8;
constexpr size_t kOutcomeLanes = 2;

struct Region {
  uint8_t* data;
  size_t bytes;
  // Registered with the kernel, which then need not look the pages up for every operation.
  bool fixed;
};

class Ring final : public Watcher::Owner {
 public:
  Environment* environment = nullptr;
  std::unique_ptr<Uring> uring;
  Watcher* watcher = nullptr;
  std::unique_ptr<Callback> completed;
  std::unique_ptr<Callback> closed;
  napi_ref table = nullptr;
  int32_t* operations = nullptr;
  int32_t* outcomes = nullptr;
  unsigned entries = 0;
  int eventFd = -1;
  unsigned inFlight = 0;
  int64_t spinNs = 0;
  std::vector<Region> regions;
  bool fixedRegions = false;
  std::vector<int> freeSlots;
  bool collected = false;

  ~Ring() {
    if (eventFd >= 0) ::close(eventFd);
  }

  void onReady(int) override {
    uint64_t ignored;
    if (read(eventFd, &ignored, sizeof ignored) < 0 && errno != EAGAIN) return;
    deliver();
    if (spinNs > 0) spin();
  }

  // The kernel may still write to memory that goes with the environment.
  void onEnding() override { drain(); }

  void onClosed() override {
    watcher = nullptr;
    uring.reset();
    ::close(eventFd);
    eventFd = -1;
    napi_env env = environment->env();
    if (closed != nullptr) closed->call(0);
    for (const Region& region : regions) dropMapping(region.data);
    if (!environment->ending()) napi_delete_reference(env, table);
    completed.reset();
    closed.reset();
    if (collected) delete this;
  }

  // Moves what has completed into the table; at most `entries`.
  unsigned reap() {
    unsigned count = 0;
    for (const io_uring_cqe* cqe = uring->peek(); cqe != nullptr && count < entries; cqe = uring->peek()) {
      outcomes[count * kOutcomeLanes] = static_cast<int32_t>(cqe->user_data);
      outcomes[count * kOutcomeLanes + 1] = cqe->res;
      uring->seen();
      count++;
    }
    POND_ASSERT(count <= inFlight);
    inFlight -= count;
    return count;
  }

  // Waits for every operation under way. Disk operations end by themselves, so this is short.
  void drain() {
    while (inFlight > 0) {
      if (uring->peek() == nullptr && uring->enter(1) < 0) {
        // Nothing waits for the kernel to take it, or it would not have been counted; look again.
        timespec pause{0, 100'000};
        nanosleep(&pause, nullptr);
      }
      while (uring->peek() != nullptr) {
        uring->seen();
        inFlight--;
      }
    }
  }

  void hold(bool on) {
    if (watcher != nullptr) watcher->hold(on);
  }

 private:
  void deliver() {
    for (;;) {
      // What the kernel had no room for goes in now.
      if (uring->hasUnsubmitted()) uring->enter(0);
      const unsigned count = reap();
      if (count == 0) return;
      completed->call(count);
      if (watcher == nullptr || watcher->closing()) return;
    }
  }

  // After a batch the next completions are often microseconds away: going to sleep for them costs more than waiting.
  void spin() {
    int64_t until = nowNs() + spinNs;
    while (inFlight > 0 && watcher != nullptr && !watcher->closing()) {
      if (uring->peek() != nullptr) {
        deliver();
        until = nowNs() + spinNs;
      } else if (nowNs() > until) {
        return;
      }
    }
  }

  static int64_t nowNs() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
  }
};

void collect(napi_env, void* data, void*) {
  auto* ring = static_cast<Ring*>(data);
  ring->collected = true;
  if (ring->watcher == nullptr) {
    delete ring;
    return;
  }
  if (ring->watcher->closing()) return;
  ring->drain();
  ring->watcher->close();
}

// Null, with an exception pending, for anything but an open ring.
Ring* ringOf(napi_env env, napi_value value) {
  void* data = nullptr;
  if (value == nullptr || napi_get_value_external(env, value, &data) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "argument 0 must be a ring");
    return nullptr;
  }
  auto* ring = static_cast<Ring*>(data);
  if (ring->watcher == nullptr || ring->watcher->closing()) {
    napi_throw_error(env, "EBADF", "the ring is closed");
    return nullptr;
  }
  return ring;
}

void registerTables(Ring* ring) {
  // Tables of empty places, filled one by one. Where the kernel has no such thing, plain descriptors and addresses do.
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const unsigned files = limit.rlim_cur < kFilesMax ? static_cast<unsigned>(limit.rlim_cur) : kFilesMax;
  const std::vector<int> none(files, -1);
  if (ring->uring->registerWith(IORING_REGISTER_FILES, none.data(), files) >= 0) {
    for (unsigned slot = files; slot-- > 0;) ring->freeSlots.push_back(static_cast<int>(slot));
  }
#if defined(IORING_RSRC_REGISTER_SPARSE)
  io_uring_rsrc_register buffers{};
  buffers.nr = kRegionsMax;
  buffers.flags = IORING_RSRC_REGISTER_SPARSE;
  ring->fixedRegions = ring->uring->registerWith(IORING_REGISTER_BUFFERS2, &buffers, sizeof buffers) >= 0;
#endif
}

napi_value ringOpen(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const uint32_t entries = arguments.uint32(0);
  const Bytes table = arguments.arrayBuffer(1);
  napi_value onCompletions = arguments.function(2);
  if (!arguments.ok()) return nullptr;
  const size_t operationBytes = entries * kOperationLanes * sizeof(int32_t);
  if (entries == 0 || table.length < operationBytes + entries * kOutcomeLanes * sizeof(int32_t)) {
    napi_throw_range_error(env, "EINVAL", "the table is too small for its entries");
    return nullptr;
  }
  auto ring = std::make_unique<Ring>();
  int error = 0;
  ring->uring.reset(Uring::open(entries, &error));
  if (ring->uring == nullptr) {
    throwErrno(env, error, "io_uring_setup");
    return nullptr;
  }
  ring->eventFd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (ring->eventFd < 0) {
    throwErrno(env, errno, "eventfd");
    return nullptr;
  }
  error = -ring->uring->registerWith(IORING_REGISTER_EVENTFD, &ring->eventFd, 1);
  if (error > 0) {
    throwErrno(env, error, "io_uring_register");
    return nullptr;
  }
  ring->environment = Environment::of(env);
  ring->entries = entries;
  ring->operations = reinterpret_cast<int32_t*>(table.data);
  ring->outcomes = reinterpret_cast<int32_t*>(table.data + operationBytes);
  ring->completed = std::make_unique<Callback>(ring->environment, onCompletions, "pond.ring");
  registerTables(ring.get());
  napi_value handle;
  POND_TRY(napi_create_reference(env, arguments.value(1), 1, &ring->table));
  POND_TRY(napi_create_external(env, ring.get(), collect, nullptr, &handle));
  // From here on it is deleted when it is collected.
  Ring* started = ring.release();
  started->watcher = Watcher::start(started->environment, started->eventFd, UV_READABLE, started, &error);
  if (started->watcher == nullptr) {
    throwErrno(env, error, "uv_poll");
    return nullptr;
  }
  return handle;
}

// Fills an entry; false when the operation is malformed, which is a bug of the caller's.
bool fill(const Ring* ring, const int32_t* lanes, io_uring_sqe* sqe) {
  double position;
  std::memcpy(&position, lanes + 4, sizeof position);
  if (!(position >= 0 && position <= 9007199254740991.0)) return false;
  sqe->user_data = static_cast<uint32_t>(lanes[2]);
  sqe->fd = lanes[1] >= 0 ? lanes[1] : ~lanes[1];
  if (lanes[1] >= 0) sqe->flags |= IOSQE_FIXED_FILE;
  if ((lanes[0] & kAsync) != 0) sqe->flags |= IOSQE_ASYNC;
  sqe->off = static_cast<uint64_t>(position);
  switch (lanes[0] & kOpcodeMask) {
    case kRead:
    case kWrite: {
      const auto index = static_cast<size_t>(lanes[3]);
      if (index >= ring->regions.size()) return false;
      const Region& region = ring->regions[index];
      const auto offset = static_cast<uint32_t>(lanes[6]);
      const auto length = static_cast<uint32_t>(lanes[7]);
      if (offset > region.bytes || length > region.bytes - offset) return false;
      const bool isRead = (lanes[0] & kOpcodeMask) == kRead;
      sqe->opcode = region.fixed ? (isRead ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED)
                                 : (isRead ? IORING_OP_READ : IORING_OP_WRITE);
      sqe->buf_index = region.fixed ? static_cast<uint16_t>(index) : 0;
      sqe->addr = reinterpret_cast<uint64_t>(region.data + offset);
      sqe->len = length;
      return true;
    }
    case kSync:
    case kDataSync:
      sqe->opcode = IORING_OP_FSYNC;
      sqe->off = 0;
      sqe->fsync_flags = (lanes[0] & kOpcodeMask) == kDataSync ? IORING_FSYNC_DATASYNC : 0;
      return true;
    case kAllocate: {
      double length;
      std::memcpy(&length, lanes + 6, sizeof length);
      if (!(length > 0 && length <= 9007199254740991.0)) return false;
      sqe->opcode = IORING_OP_FALLOCATE;
      sqe->len = static_cast<uint32_t>(lanes[3]);
      sqe->addr = static_cast<uint64_t>(length);
      return true;
    }
    default:
      return false;
  }
}

napi_value ringSubmit(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Ring* ring = ringOf(env, arguments.value(0));
  const uint32_t count = arguments.uint32(1);
  if (ring == nullptr || !arguments.ok()) return nullptr;
  uint32_t taken = 0;
  for (; taken < count && taken < ring->entries; taken++) {
    if (ring->inFlight == ring->uring->completionEntries()) break;
    const int32_t* lanes = ring->operations + taken * kOperationLanes;
    io_uring_sqe* sqe = ring->uring->next();
    if (sqe == nullptr) {
      // The kernel takes entries in the call that offers them, so a full queue is empty after one.
      ring->uring->enter(0);
      sqe = ring->uring->next();
      if (sqe == nullptr) break;
    }
    POND_ASSERT(fill(ring, lanes, sqe));
    ring->inFlight++;
  }
  const int entered = ring->uring->enter(0);
  // EAGAIN and EBUSY leave entries in the queue; they go in when completions are taken.
  POND_ASSERT(entered == 0 || entered == -EAGAIN || entered == -EBUSY);
  return number(env, taken);
}

napi_value ringReap(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Ring* ring = ringOf(env, arguments.value(0));
  if (ring == nullptr) return nullptr;
  if (ring->uring->hasUnsubmitted()) ring->uring->enter(0);
  return number(env, ring->reap());
}

napi_value ringRegion(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Ring* ring = ringOf(env, arguments.value(0));
  const Bytes memory = arguments.arrayBuffer(1);
  if (ring == nullptr || !arguments.ok()) return nullptr;
  if (!holdMapping(memory.data)) {
    throwErrno(env, EINVAL, "io_uring_register");
    return nullptr;
  }
  Region region{memory.data, memory.length, false};
#if defined(IORING_RSRC_REGISTER_SPARSE)
  if (ring->fixedRegions && ring->regions.size() < kRegionsMax) {
    iovec vector{memory.data, memory.length};
    io_uring_rsrc_update2 update{};
    update.offset = static_cast<uint32_t>(ring->regions.size());
    update.data = reinterpret_cast<uint64_t>(&vector);
    update.nr = 1;
    // Refused where the limit on locked memory is too low: then pages are looked up for every operation.
    region.fixed = ring->uring->registerWith(IORING_REGISTER_BUFFERS_UPDATE, &update, sizeof update) == 1;
  }
#endif
  ring->regions.push_back(region);
  return number(env, static_cast<double>(ring->regions.size() - 1));
}

int updateSlot(Ring* ring, int slot, int fd) {
  io_uring_files_update update{};
  update.offset = static_cast<uint32_t>(slot);
  update.fds = reinterpret_cast<uint64_t>(&fd);
  return ring->uring->registerWith(IORING_REGISTER_FILES_UPDATE, &update, 1);
}

napi_value ringFile(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Ring* ring = ringOf(env, arguments.value(0));
  const int32_t fd = arguments.int32(1);
  if (ring == nullptr || !arguments.ok()) return nullptr;
  if (ring->freeSlots.empty()) return number(env, ~fd);
  const int slot = ring->freeSlots.back();
  const int updated = updateSlot(ring, slot, fd);
  if (updated < 0) {
    throwErrno(env, -updated, "io_uring_register");
    return nullptr;
  }
  ring->freeSlots.pop_back();
  return number(env, slot);
}

napi_value ringForget(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Ring* ring = ringOf(env, arguments.value(0));
  const int32_t file = arguments.int32(1);
  if (ring == nullptr || !arguments.ok()) return nullptr;
  if (file >= 0) {
    updateSlot(ring, file, -1);
    ring->freeSlots.push_back(file);
  }
  return undefined(env);
}

napi_value ringSpin(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Ring* ring = ringOf(env, arguments.value(0));
  const uint32_t microseconds = arguments.uint32(1);
  if (ring == nullptr || !arguments.ok()) return nullptr;
  ring->spinNs = static_cast<int64_t>(microseconds) * 1'000;
  return undefined(env);
}

napi_value ringHold(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Ring* ring = ringOf(env, arguments.value(0));
  const bool on = arguments.boolean(1);
  if (ring == nullptr || !arguments.ok()) return nullptr;
  ring->hold(on);
  return undefined(env);
}

napi_value ringClose(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Ring* ring = ringOf(env, arguments.value(0));
  napi_value closed = arguments.function(1);
  if (ring == nullptr || !arguments.ok()) return nullptr;
  ring->closed = std::make_unique<Callback>(ring->environment, closed, "pond.ring.closed");
  ring->drain();
  ring->hold(true);
  ring->watcher->close();
  return undefined(env);
}

}  // namespace

void exportRing(napi_env env, napi_value exports) {
  exportFunction(env, exports, "ringOpen", ringOpen);
  exportFunction(env, exports, "ringSubmit", ringSubmit);
  exportFunction(env, exports, "ringReap", ringReap);
  exportFunction(env, exports, "ringRegion", ringRegion);
  exportFunction(env, exports, "ringFile", ringFile);
  exportFunction(env, exports, "ringForget", ringForget);
  exportFunction(env, exports, "ringSpin", ringSpin);
  exportFunction(env, exports, "ringHold", ringHold);
  exportFunction(env, exports, "ringClose", ringClose);
}

}  // namespace pond

#else

namespace pond {

void exportRing(napi_env, napi_value) {}

}  // namespace pond
#endif
