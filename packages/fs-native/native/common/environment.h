// What one environment (the main thread or a worker) holds open in its event loop, and how it ends.
//
// A worker can be terminated, and a process can exit, at any moment: also from within a callback of ours. The loop must
// then see every handle closed before it goes. Each Watcher is therefore listed here and closed by an asynchronous
// cleanup hook, which Node waits for.
#pragma once
#include "napi.h"
#include "uv.h"

namespace pond {

class Watcher;

class Environment {
 public:
  // Made by the first call in an environment, which is when the addon is loaded there.
  static Environment* of(napi_env env);

  napi_env env() const { return env_; }
  uv_loop_t* loop() const { return loop_; }
  // From here on nothing is started and JavaScript is not called any more.
  bool ending() const { return ending_; }

  void add(Watcher* watcher);
  void remove(Watcher* watcher);

 private:
  explicit Environment(napi_env env);
  static void onCleanup(napi_async_cleanup_hook_handle hook, void* self);
  void finishIfEmpty();

  napi_env env_;
  uv_loop_t* loop_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  Watcher* first_ = nullptr;
  bool ending_ = false;
  friend class Watcher;
};

// Watches a descriptor in the event loop for an owner. It deletes itself once it is closed.
class Watcher {
 public:
  class Owner {
   public:
    // The uv events that are there, or a negative error number.
    virtual void onReady(int events) = 0;
    // The environment is ending: whatever still runs must be over when this returns. `onClosed` follows.
    virtual void onEnding() {}
    // Told once: the loop holds the handle no more, so the descriptor may be closed. The watcher is gone.
    virtual void onClosed() = 0;

   protected:
    ~Owner() = default;
  };

  // Null, with `*error` set to a positive error number, when the loop takes no such descriptor; the owner hears nothing.
  static Watcher* start(Environment* environment, int fd, int events, Owner* owner, int* error);

  // Whether it keeps the loop, and with it the process, alive.
  void hold(bool on);
  int listenFor(int events);
  // `onClosed` is called later, from the loop.
  void close();
  bool closing() const { return closing_; }

 private:
  Watcher(Environment* environment, Owner* owner);
  static void onPoll(uv_poll_t* handle, int status, int events);
  static void onClose(uv_handle_t* handle);

  Environment* environment_;
  Owner* owner_;
  uv_poll_t* handle_ = nullptr;
  Watcher* previous_ = nullptr;
  Watcher* next_ = nullptr;
  bool closing_ = false;
  friend class Environment;
};

// A JavaScript function that the loop calls. Exceptions become uncaught exceptions of the process, as anywhere in Node;
// a call into an environment that is ending does nothing.
class Callback {
 public:
  Callback(Environment* environment, napi_value function, const char* name);
  ~Callback();
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  void call(double argument);

 private:
  Environment* environment_;
  napi_ref function_ = nullptr;
  napi_async_context context_ = nullptr;
};

}  // namespace pond
