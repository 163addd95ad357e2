#include "environment.h"

#include <cerrno>

namespace pond {

Environment* Environment::of(napi_env env) {
  void* data = nullptr;
  POND_ASSERT(napi_get_instance_data(env, &data) == napi_ok);
  if (data == nullptr) {
    data = new Environment(env);
    // Freed by its own cleanup hook, which runs later than the finalizer of instance data would.
    POND_ASSERT(napi_set_instance_data(env, data, nullptr, nullptr) == napi_ok);
  }
  return static_cast<Environment*>(data);
}

Environment::Environment(napi_env env) : env_(env) {
  POND_ASSERT(napi_get_uv_event_loop(env, reinterpret_cast<::uv_loop_s**>(&loop_)) == napi_ok);
  POND_ASSERT(napi_add_async_cleanup_hook(env, onCleanup, this, &hook_) == napi_ok);
}

void Environment::onCleanup(napi_async_cleanup_hook_handle, void* self) {
  auto* environment = static_cast<Environment*>(self);
  environment->ending_ = true;
  for (Watcher* watcher = environment->first_; watcher != nullptr;) {
    Watcher* next = watcher->next_;
    if (!watcher->closing_) {
      watcher->owner_->onEnding();
      watcher->close();
    }
    watcher = next;
  }
  environment->finishIfEmpty();
}

void Environment::finishIfEmpty() {
  if (!ending_ || first_ != nullptr) return;
  napi_remove_async_cleanup_hook(hook_);
  delete this;
}

void Environment::add(Watcher* watcher) {
  watcher->next_ = first_;
  if (first_ != nullptr) first_->previous_ = watcher;
  first_ = watcher;
}

void Environment::remove(Watcher* watcher) {
  if (watcher->previous_ != nullptr) watcher->previous_->next_ = watcher->next_;
  else first_ = watcher->next_;
  if (watcher->next_ != nullptr) watcher->next_->previous_ = watcher->previous_;
}

Watcher::Watcher(Environment* environment, Owner* owner) : environment_(environment), owner_(owner) {
  handle_ = static_cast<uv_poll_t*>(std::calloc(1, uv_handle_size(POND_UV_POLL)));
  POND_ASSERT(handle_ != nullptr);
}

Watcher* Watcher::start(Environment* environment, int fd, int events, Owner* owner, int* error) {
  POND_ASSERT(!environment->ending());
  auto* watcher = new Watcher(environment, owner);
  const int failed = uv_poll_init(environment->loop(), watcher->handle_, fd);
  if (failed != 0) {
    *error = -failed;
    std::free(watcher->handle_);
    delete watcher;
    return nullptr;
  }
  uv_handle_set_data(reinterpret_cast<uv_handle_t*>(watcher->handle_), watcher);
  environment->add(watcher);
  const int refused = watcher->listenFor(events);
  if (refused != 0) {
    *error = -refused;
    watcher->owner_ = nullptr;
    watcher->close();
    return nullptr;
  }
  return watcher;
}

int Watcher::listenFor(int events) {
  POND_ASSERT(!closing_);
  return events == 0 ? uv_poll_stop(handle_) : uv_poll_start(handle_, events, onPoll);
}

void Watcher::hold(bool on) {
  if (closing_) return;
  auto* handle = reinterpret_cast<uv_handle_t*>(handle_);
  if (on) uv_ref(handle);
  else uv_unref(handle);
}

void Watcher::close() {
  if (closing_) return;
  closing_ = true;
  uv_close(reinterpret_cast<uv_handle_t*>(handle_), onClose);
}

void Watcher::onPoll(uv_poll_t* handle, int status, int events) {
  auto* watcher = static_cast<Watcher*>(uv_handle_get_data(reinterpret_cast<uv_handle_t*>(handle)));
  if (watcher->closing_ || watcher->environment_->ending()) return;
  watcher->owner_->onReady(status < 0 ? status : events);
}

void Watcher::onClose(uv_handle_t* handle) {
  auto* watcher = static_cast<Watcher*>(uv_handle_get_data(handle));
  Environment* environment = watcher->environment_;
  Owner* owner = watcher->owner_;
  environment->remove(watcher);
  std::free(watcher->handle_);
  delete watcher;
  if (owner != nullptr) owner->onClosed();
  environment->finishIfEmpty();
}

Callback::Callback(Environment* environment, napi_value function, const char* name) : environment_(environment) {
  napi_env env = environment->env();
  napi_value label;
  POND_ASSERT(napi_create_reference(env, function, 1, &function_) == napi_ok);
  POND_ASSERT(napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &label) == napi_ok);
  POND_ASSERT(napi_async_init(env, nullptr, label, &context_) == napi_ok);
}

Callback::~Callback() {
  // An environment that is ending drops its references by itself, and may refuse calls by now.
  if (environment_->ending()) return;
  napi_async_destroy(environment_->env(), context_);
  napi_delete_reference(environment_->env(), function_);
}

void Callback::call(double argument) {
  if (environment_->ending()) return;
  napi_env env = environment_->env();
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value function, self, value, result;
  napi_status status = napi_get_reference_value(env, function_, &function);
  if (status == napi_ok) status = napi_get_global(env, &self);
  if (status == napi_ok) status = napi_create_double(env, argument, &value);
  if (status == napi_ok) status = napi_make_callback(env, context_, self, function, 1, &value, &result);
  if (status == napi_pending_exception) {
    napi_value error;
    // A worker that is being terminated has a pending exception that cannot be taken.
    if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

}  // namespace pond
