// The few calls of libuv that the addons make, declared here: `node-api-headers` has no uv.h, and these have kept their
// form and their numbers through all of libuv 1. Handles are opaque; libuv itself says how large they are.
#pragma once
#include <cstddef>

extern "C" {
typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef struct uv_poll_s uv_poll_t;
typedef struct uv_prepare_s uv_prepare_t;
typedef struct uv_idle_s uv_idle_t;

typedef void (*uv_close_cb)(uv_handle_t*);
typedef void (*uv_poll_cb)(uv_poll_t*, int status, int events);
typedef void (*uv_prepare_cb)(uv_prepare_t*);
typedef void (*uv_idle_cb)(uv_idle_t*);

// Numbers of uv_handle_type.
enum { POND_UV_IDLE = 6, POND_UV_POLL = 8, POND_UV_PREPARE = 9 };
// Bits of uv_poll_event.
enum { UV_READABLE = 1, UV_WRITABLE = 2, UV_DISCONNECT = 4 };

size_t uv_handle_size(int type);
const char* uv_strerror(int error);
void uv_close(uv_handle_t*, uv_close_cb);
void uv_ref(uv_handle_t*);
void uv_unref(uv_handle_t*);
void* uv_handle_get_data(const uv_handle_t*);
void uv_handle_set_data(uv_handle_t*, void*);
int uv_poll_init(uv_loop_t*, uv_poll_t*, int fd);
int uv_poll_start(uv_poll_t*, int events, uv_poll_cb);
int uv_poll_stop(uv_poll_t*);
int uv_prepare_init(uv_loop_t*, uv_prepare_t*);
int uv_prepare_start(uv_prepare_t*, uv_prepare_cb);
int uv_prepare_stop(uv_prepare_t*);
int uv_idle_init(uv_loop_t*, uv_idle_t*);
int uv_idle_start(uv_idle_t*, uv_idle_cb);
int uv_idle_stop(uv_idle_t*);
}
