// tcpConnect(host, port), unixConnect(path, messages), tcpListen(host, port, backlog), unixListen(path, messages, backlog),
// socketAccept(fd), socketOutcome(fd), socketName(fd, peer), socketMark(fd, dscp), socketEnd(fd),
// socketWrite(fd, views): sockets that never wait. `messages` chooses SOCK_SEQPACKET; there a path that begins with @ is an
// abstract name, as in /proc/net/unix: no file stands for it. Hosts are addresses in numbers: looking names up takes time.
//
// A connection that is being made has a descriptor at once; it is writable when there is an outcome. readNow reads.
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#if defined(__linux__)
#include <linux/pkt_sched.h>
#endif

#include <cerrno>
#include <cstdio>

#include "../common/vectors.h"
#include "exports.h"

namespace pond {

#if defined(__linux__)
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// False with an exception pending.
bool tcpAddress(napi_env env, Arguments& arguments, Address* address) {
  char host[256];
  arguments.text(0, host, sizeof host);
  const uint32_t port = arguments.uint32(1);
  if (!arguments.ok()) return false;
  char service[16];
  std::snprintf(service, sizeof service, "%u", port);
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (port > 65535 || getaddrinfo(host, service, &wanted, &found) != 0) {
    throwErrno(env, EINVAL, "getaddrinfo");
    return false;
  }
  std::memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
  address->length = found->ai_addrlen;
  freeaddrinfo(found);
  return true;
}

bool unixAddress(napi_env env, Arguments& arguments, bool messages, Address* address) {
  auto* unixAddress = reinterpret_cast<sockaddr_un*>(&address->storage);
  char path[4096];
  arguments.text(0, path, sizeof path);
  if (!arguments.ok()) return false;
  const size_t length = std::strlen(path);
  if (length >= sizeof unixAddress->sun_path) {
    throwErrno(env, ENAMETOOLONG, "bind");
    return false;
  }
  unixAddress->sun_family = AF_UNIX;
  std::memcpy(unixAddress->sun_path, path, length + 1);
  // An abstract name is what follows a zero, as long as the address says; a path ends with one.
  const bool isAbstract = messages && path[0] == '@';
  if (isAbstract) unixAddress->sun_path[0] = '\0';
  address->length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length + (isAbstract ? 0 : 1));
  return true;
}

napi_value failed(napi_env env, int fd, const char* syscall) {
  const int error = errno;
  if (fd >= 0) close(fd);
  throwErrno(env, error, syscall);
  return nullptr;
}

int openSocket(const Address& address, bool messages) {
  const int type = messages ? SOCK_SEQPACKET : SOCK_STREAM;
  return socket(address.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

void sendAtOnce(int fd) {
  // Refused by sockets that are not of TCP, where nothing waits anyway.
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

napi_value connectTo(napi_env env, const Address& address, bool messages) {
  const int fd = openSocket(address, messages);
  if (fd < 0) return failed(env, fd, "socket");
  sendAtOnce(fd);
  int refused;
  do refused = connect(fd, address.get(), address.length);
  while (refused != 0 && errno == EINTR);
  if (refused != 0 && errno != EINPROGRESS) return failed(env, fd, "connect");
  return number(env, fd);
}

napi_value listenAt(napi_env env, const Address& address, bool messages, int backlog) {
  const int fd = openSocket(address, messages);
  if (fd < 0) return failed(env, fd, "socket");
  const int on = 1;
  if (address.storage.ss_family != AF_UNIX) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, address.get(), address.length) != 0) return failed(env, fd, "bind");
  if (listen(fd, backlog) != 0) return failed(env, fd, "listen");
  return number(env, fd);
}

napi_value tcpConnect(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Address address;
  if (!tcpAddress(env, arguments, &address)) return nullptr;
  return connectTo(env, address, false);
}

napi_value unixConnect(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Address address;
  const bool messages = arguments.boolean(1);
  if (!unixAddress(env, arguments, messages, &address)) return nullptr;
  return connectTo(env, address, messages);
}

napi_value tcpListen(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Address address;
  const int32_t backlog = arguments.int32(2);
  if (!tcpAddress(env, arguments, &address)) return nullptr;
  return listenAt(env, address, false, backlog);
}

napi_value unixListen(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Address address;
  const bool messages = arguments.boolean(1);
  const int32_t backlog = arguments.int32(2);
  if (!unixAddress(env, arguments, messages, &address)) return nullptr;
  return listenAt(env, address, messages, backlog);
}

// A descriptor, or a negative error number.
napi_value socketAccept(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  if (!arguments.ok()) return nullptr;
  int accepted;
  do accepted = accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (accepted < 0 && errno == EINTR);
  if (accepted < 0) return number(env, -errno);
  sendAtOnce(accepted);
  return number(env, accepted);
}

// How connecting went: 0 or a negative error number.
napi_value socketOutcome(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  if (!arguments.ok()) return nullptr;
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  return number(env, -error);
}

// "host port", or nothing for sockets that are not of TCP or not connected.
napi_value socketName(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  const bool peer = arguments.boolean(1);
  if (!arguments.ok()) return nullptr;
  Address address;
  address.length = sizeof address.storage;
  auto* into = reinterpret_cast<sockaddr*>(&address.storage);
  const int refused = peer ? getpeername(fd, into, &address.length) : getsockname(fd, into, &address.length);
  if (refused != 0 || address.storage.ss_family == AF_UNIX) return text(env, "");
  char host[256];
  char port[16];
  if (getnameinfo(into, address.length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return text(env, "");
  }
  char both[280];
  std::snprintf(both, sizeof both, "%s %s", host, port);
  return text(env, both);
}

constexpr int kLowerEffort = 1;
constexpr int kClassSelector1 = 8;

napi_value socketMark(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  const int32_t dscp = arguments.int32(1);
  if (!arguments.ok()) return nullptr;
  // Six bits above the two of congestion notification. A socket of IPv6 may carry IPv4, and then takes both.
  const int field = dscp << 2;
  const bool six = setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &field, sizeof field) == 0;
  const bool four = setsockopt(fd, IPPROTO_IP, IP_TOS, &field, sizeof field) == 0;
  if (!six && !four) return number(env, -errno);
  // The kernel has set its own queue's priority by what these bits meant once: AF11 would come after unmarked packets.
  // Lower effort (RFC 8622, and CS1 before it) is all that may.
  const int priority = dscp == kLowerEffort || dscp == kClassSelector1 ? TC_PRIO_BULK : TC_PRIO_BESTEFFORT;
  if (setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority) != 0) return number(env, -errno);
  int kept = 0;
  int queue = 0;
  socklen_t length = sizeof kept;
  const int read = six ? getsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &kept, &length)
                       : getsockopt(fd, IPPROTO_IP, IP_TOS, &kept, &length);
  if (read != 0 || getsockopt(fd, SOL_SOCKET, SO_PRIORITY, &queue, &length) != 0) return number(env, -errno);
  return number(env, (queue << 6) | (kept >> 2));
}

napi_value socketEnd(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  if (!arguments.ok()) return nullptr;
  return number(env, shutdown(fd, SHUT_WR) == 0 ? 0 : -errno);
}

napi_value socketWrite(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const int32_t fd = arguments.int32(0);
  if (!arguments.ok()) return nullptr;
  Vectors vectors = vectorsOf(env, arguments.value(1));
  if (!vectors.ok) return nullptr;
  msghdr message{};
  message.msg_iov = vectors.at;
  message.msg_iovlen = vectors.count;
  ssize_t count;
  do count = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (count < 0 && errno == EINTR);
  return number(env, count < 0 ? -errno : static_cast<double>(count));
}

}  // namespace

void exportSocket(napi_env env, napi_value exports) {
  exportFunction(env, exports, "tcpConnect", tcpConnect);
  exportFunction(env, exports, "unixConnect", unixConnect);
  exportFunction(env, exports, "tcpListen", tcpListen);
  exportFunction(env, exports, "unixListen", unixListen);
  exportFunction(env, exports, "socketAccept", socketAccept);
  exportFunction(env, exports, "socketOutcome", socketOutcome);
  exportFunction(env, exports, "socketName", socketName);
  exportFunction(env, exports, "socketMark", socketMark);
  exportFunction(env, exports, "socketEnd", socketEnd);
  exportFunction(env, exports, "socketWrite", socketWrite);
}
#else
void exportSocket(napi_env, napi_value) {}
#endif

}  // namespace pond
