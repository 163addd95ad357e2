// bootTimeMs(): milliseconds of a clock that never goes back and also counts while the machine is suspended, which
// CLOCK_MONOTONIC on Linux does not. A lease is over after its time, slept through or not.
#include <ctime>

#include "exports.h"

namespace pond {
namespace {

#if defined(CLOCK_BOOTTIME)
constexpr clockid_t kClock = CLOCK_BOOTTIME;
#else
// Darwin's CLOCK_MONOTONIC goes on during sleep; its CLOCK_UPTIME_RAW is the one that does not.
constexpr clockid_t kClock = CLOCK_MONOTONIC;
#endif

napi_value bootTimeMs(napi_env env, napi_callback_info) {
  timespec now{};
  clock_gettime(kClock, &now);
  return number(env, static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6);
}

}  // namespace

void exportBootClock(napi_env env, napi_value exports) { exportFunction(env, exports, "bootTimeMs", bootTimeMs); }

}  // namespace pond
