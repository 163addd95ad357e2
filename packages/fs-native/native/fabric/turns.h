// A step before the event loop sleeps, on every turn, that may keep it from sleeping: some descriptors wake nobody
// unless asked first whether it is safe to wait for them.
//
// Belongs to whoever has a Watcher, and is closed with it: in the same phase of the loop at the latest.
#pragma once
#include "../common/uv.h"

namespace pond {

class Turns {
 public:
  class Owner {
   public:
    // True when the loop may sleep as far as the owner knows.
    virtual bool beforeSleep() = 0;
    // Told once, when the loop has let go.
    virtual void onTurnsClosed() = 0;

   protected:
    ~Owner() = default;
  };

  static Turns* start(uv_loop_t* loop, Owner* owner);
  // `onTurnsClosed` is called later, from the loop; this object is gone then.
  void close();

 private:
  Turns(uv_loop_t* loop, Owner* owner);
  static void onPrepare(uv_prepare_t* handle);
  static void onClose(uv_handle_t* handle);

  Owner* owner_;
  uv_prepare_t* prepare_;
  // While it runs, the loop looks for events without waiting for any.
  uv_idle_t* idle_;
  bool awake_ = false;
  bool closing_ = false;
  int open_ = 2;
};

}  // namespace pond
