// socketPair(), sendMessage(fd, bytes, descriptors), receiveMessage(fd, into, descriptors), peerOf(fd, into): messages
// with descriptors (SCM_RIGHTS) over unix sockets that keep the borders of messages (SOCK_SEQPACKET).
//
// sendMessage and receiveMessage never wait. They return bytes, or a negative error number. What receiveMessage gets goes
// into an Int32Array, the count first. Descriptors of a message that came in part are closed: whoever holds none of them
// cannot lose one.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "exports.h"

namespace pond {

#if defined(__linux__)
namespace {

// SCM_MAX_FD of the kernel.
constexpr size_t kDescriptorsMax = 253;

napi_value socketPair(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Bytes into = arguments.bytes(0);
  if (!arguments.ok()) return nullptr;
  int ends[2];
  POND_ASSERT(into.length == sizeof ends);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    throwErrno(env, errno, "socketpair");
    return nullptr;
  }
  std::memcpy(into.data, ends, sizeof ends);
  return undefined(env);
}

napi_value sendMessage(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  const Bytes bytes = arguments.bytes(1);
  const Bytes descriptors = arguments.bytes(2);
  if (!arguments.ok()) return nullptr;
  POND_ASSERT(descriptors.length % sizeof(int) == 0 && descriptors.length / sizeof(int) <= kDescriptorsMax);
  iovec vector{bytes.data, bytes.length};
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int) * kDescriptorsMax)] = {};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (descriptors.length > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptors.length);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.length);
    std::memcpy(CMSG_DATA(header), descriptors.data, descriptors.length);
  }
  ssize_t count;
  do count = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (count < 0 && errno == EINTR);
  return number(env, count < 0 ? -errno : static_cast<double>(count));
}

napi_value receiveMessage(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  const Bytes into = arguments.bytes(1);
  const Bytes outcome = arguments.bytes(2);
  if (!arguments.ok()) return nullptr;
  POND_ASSERT(outcome.length == sizeof(int) * (1 + kDescriptorsMax));
  iovec vector{into.data, into.length};
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int) * kDescriptorsMax)];
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t bytes;
  do bytes = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (bytes < 0 && errno == EINTR);
  if (bytes < 0) return number(env, -errno);
  int descriptors[kDescriptorsMax];
  size_t count = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    POND_ASSERT(count + here <= kDescriptorsMax);
    std::memcpy(descriptors + count, CMSG_DATA(header), here * sizeof(int));
    count += here;
  }
  if ((message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0) {
    for (size_t i = 0; i < count; i++) close(descriptors[i]);
    // There is room for as many as can be sent, so descriptors are only lost when this process may open no more.
    return number(env, (message.msg_flags & MSG_CTRUNC) != 0 ? -EMFILE : -EMSGSIZE);
  }
  const int total = static_cast<int>(count);
  std::memcpy(outcome.data, &total, sizeof total);
  std::memcpy(outcome.data + sizeof total, descriptors, count * sizeof(int));
  return number(env, static_cast<double>(bytes));
}

// Process, user and group of the other end, as they were when it connected.
napi_value peerOf(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  const Bytes into = arguments.bytes(1);
  if (!arguments.ok()) return nullptr;
  // `struct ucred`, which C++ shows only to those who ask for GNU.
  struct {
    int32_t process;
    uint32_t user;
    uint32_t group;
  } peer{};
  socklen_t length = sizeof peer;
  POND_ASSERT(into.length == sizeof peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    throwErrno(env, errno, "getsockopt");
    return nullptr;
  }
  std::memcpy(into.data, &peer, sizeof peer);
  return undefined(env);
}

}  // namespace

void exportMessage(napi_env env, napi_value exports) {
  exportFunction(env, exports, "socketPair", socketPair);
  exportFunction(env, exports, "sendMessage", sendMessage);
  exportFunction(env, exports, "receiveMessage", receiveMessage);
  exportFunction(env, exports, "peerOf", peerOf);
}
#else
void exportMessage(napi_env, napi_value) {}
#endif

}  // namespace pond
