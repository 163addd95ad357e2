#include "turns.h"

#include <cstdlib>

#include "../common/napi.h"

namespace pond {
namespace {

template <typename T>
uv_handle_t* asHandle(T* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

void doNothing(uv_idle_t*) {}

}  // namespace

Turns* Turns::start(uv_loop_t* loop, Owner* owner) { return new Turns(loop, owner); }

Turns::Turns(uv_loop_t* loop, Owner* owner)
    : owner_(owner),
      prepare_(static_cast<uv_prepare_t*>(std::calloc(1, uv_handle_size(POND_UV_PREPARE)))),
      idle_(static_cast<uv_idle_t*>(std::calloc(1, uv_handle_size(POND_UV_IDLE)))) {
  POND_ASSERT(prepare_ != nullptr && idle_ != nullptr);
  POND_ASSERT(uv_prepare_init(loop, prepare_) == 0);
  POND_ASSERT(uv_idle_init(loop, idle_) == 0);
  uv_handle_set_data(asHandle(prepare_), this);
  uv_handle_set_data(asHandle(idle_), this);
  // Whether the loop lives on is the Watcher's to say.
  uv_unref(asHandle(prepare_));
  uv_unref(asHandle(idle_));
  POND_ASSERT(uv_prepare_start(prepare_, onPrepare) == 0);
}

void Turns::onPrepare(uv_prepare_t* handle) {
  auto* turns = static_cast<Turns*>(uv_handle_get_data(asHandle(handle)));
  const bool awake = !turns->owner_->beforeSleep();
  // The owner may have closed this in the meantime; the handles live until the loop says so.
  if (turns->closing_ || awake == turns->awake_) return;
  turns->awake_ = awake;
  if (awake) uv_idle_start(turns->idle_, doNothing);
  else uv_idle_stop(turns->idle_);
}

void Turns::close() {
  if (closing_) return;
  closing_ = true;
  uv_close(asHandle(prepare_), onClose);
  uv_close(asHandle(idle_), onClose);
}

void Turns::onClose(uv_handle_t* handle) {
  auto* turns = static_cast<Turns*>(uv_handle_get_data(handle));
  if (--turns->open_ > 0) return;
  Owner* owner = turns->owner_;
  std::free(turns->prepare_);
  std::free(turns->idle_);
  delete turns;
  owner->onTurnsClosed();
}

}  // namespace pond
