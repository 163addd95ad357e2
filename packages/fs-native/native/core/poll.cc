// pollStart(fd, events, onReady), pollEvents(poll, events), pollHold(poll, on), pollStop(poll, onClosed),
// readNow(fd, view), writeNow(fd, views): a descriptor in the event loop, and the calls that go with it.
//
// readNow and writeNow never wait: the descriptor must be non-blocking. They return bytes, or a negative error number,
// because -EAGAIN is the ordinary end of a batch and an exception would cost more than the read.
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "../common/environment.h"
#include "../common/vectors.h"
#include "exports.h"

namespace pond {
namespace {

// Lives until JavaScript has let go of it and the loop has, whichever is later.
struct Poll final : Watcher::Owner {
  Watcher* watcher = nullptr;
  std::unique_ptr<Callback> ready;
  std::unique_ptr<Callback> closed;
  bool collected = false;

  void onReady(int events) override { ready->call(events); }

  void onClosed() override {
    watcher = nullptr;
    if (closed != nullptr) closed->call(0);
    ready.reset();
    closed.reset();
    if (collected) delete this;
  }
};

void collect(napi_env, void* data, void*) {
  auto* poll = static_cast<Poll*>(data);
  poll->collected = true;
  if (poll->watcher == nullptr) delete poll;
  else poll->watcher->close();
}

Poll* pollOf(napi_env env, napi_value value) {
  void* data = nullptr;
  if (value == nullptr || napi_get_value_external(env, value, &data) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "argument 0 must be a poll");
    return nullptr;
  }
  return static_cast<Poll*>(data);
}

napi_value pollStart(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  const int32_t events = arguments.int32(1);
  napi_value ready = arguments.function(2);
  if (!arguments.ok()) return nullptr;
  auto poll = std::make_unique<Poll>();
  Environment* environment = Environment::of(env);
  poll->ready = std::make_unique<Callback>(environment, ready, "pond.poll");
  napi_value handle;
  POND_TRY(napi_create_external(env, poll.get(), collect, nullptr, &handle));
  // From here on it is deleted when it is collected.
  Poll* started = poll.release();
  int error = 0;
  started->watcher = Watcher::start(environment, fd, events, started, &error);
  if (started->watcher == nullptr) {
    throwErrno(env, error, "uv_poll");
    return nullptr;
  }
  return handle;
}

napi_value pollEvents(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Poll* poll = pollOf(env, arguments.value(0));
  const int32_t events = arguments.int32(1);
  if (poll == nullptr || !arguments.ok()) return nullptr;
  if (poll->watcher == nullptr || poll->watcher->closing()) return undefined(env);
  const int failed = poll->watcher->listenFor(events);
  if (failed != 0) throwErrno(env, -failed, "uv_poll_start");
  return undefined(env);
}

napi_value pollHold(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Poll* poll = pollOf(env, arguments.value(0));
  const bool on = arguments.boolean(1);
  if (poll == nullptr || !arguments.ok()) return nullptr;
  if (poll->watcher != nullptr) poll->watcher->hold(on);
  return undefined(env);
}

napi_value pollStop(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Poll* poll = pollOf(env, arguments.value(0));
  napi_value closed = arguments.function(1);
  if (poll == nullptr || !arguments.ok()) return nullptr;
  if (poll->watcher == nullptr || poll->watcher->closing()) {
    napi_throw_error(env, "ECLOSED", "the poll was stopped before");
    return nullptr;
  }
  poll->closed = std::make_unique<Callback>(Environment::of(env), closed, "pond.poll.closed");
  poll->watcher->close();
  return undefined(env);
}

napi_value readNow(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  const Bytes into = arguments.bytes(1);
  if (!arguments.ok()) return nullptr;
  ssize_t count;
  do count = read(fd, into.data, into.length);
  while (count < 0 && errno == EINTR);
  return number(env, count < 0 ? -errno : static_cast<double>(count));
}

napi_value writeNow(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  if (!arguments.ok()) return nullptr;
  Vectors vectors = vectorsOf(env, arguments.value(1));
  if (!vectors.ok) return nullptr;
  ssize_t count;
  do count = writev(fd, vectors.at, static_cast<int>(vectors.count));
  while (count < 0 && errno == EINTR);
  return number(env, count < 0 ? -errno : static_cast<double>(count));
}

}  // namespace

void exportPoll(napi_env env, napi_value exports) {
  exportFunction(env, exports, "pollStart", pollStart);
  exportFunction(env, exports, "pollEvents", pollEvents);
  exportFunction(env, exports, "pollHold", pollHold);
  exportFunction(env, exports, "pollStop", pollStop);
  exportFunction(env, exports, "readNow", readNow);
  exportFunction(env, exports, "writeNow", writeNow);
}

}  // namespace pond
