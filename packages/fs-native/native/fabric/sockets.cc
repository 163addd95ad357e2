#include "sockets.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <vector>

namespace pond {
namespace {

// Wait descriptors hold others, which hold the sockets.
constexpr int kDepthMax = 4;

// What an epoll descriptor waits for; nothing for any other descriptor, and where there is no /proc.
std::vector<int> waitedBy(int fd) {
  std::vector<int> waited;
  char line[256];
  std::snprintf(line, sizeof line, "/proc/self/fdinfo/%d", fd);
  FILE* facts = std::fopen(line, "re");
  if (facts == nullptr) return waited;
  int target;
  while (std::fgets(line, sizeof line, facts) != nullptr) {
    if (std::sscanf(line, "tfd: %d", &target) == 1) waited.push_back(target);
  }
  std::fclose(facts);
  return waited;
}

struct Address {
  sockaddr_storage storage{};
  bool isKnown = false;

  Address() = default;
  Address(const void* bytes, size_t length) : isKnown(length <= sizeof storage) {
    if (isKnown) std::memcpy(&storage, bytes, length);
  }
  using Namer = int (*)(int, sockaddr*, socklen_t*);
  Address(int fd, Namer name) {
    socklen_t length = sizeof storage;
    isKnown = name(fd, reinterpret_cast<sockaddr*>(&storage), &length) == 0 &&
              (storage.ss_family == AF_INET || storage.ss_family == AF_INET6);
  }

  in_port_t port() const {
    return storage.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(storage).sin_port
                                        : reinterpret_cast<const sockaddr_in6&>(storage).sin6_port;
  }

  bool hasHostOf(const Address& other) const {
    if (storage.ss_family != other.storage.ss_family) return false;
    if (storage.ss_family == AF_INET) {
      return reinterpret_cast<const sockaddr_in&>(storage).sin_addr.s_addr ==
             reinterpret_cast<const sockaddr_in&>(other.storage).sin_addr.s_addr;
    }
    return std::memcmp(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr,
                       &reinterpret_cast<const sockaddr_in6&>(other.storage).sin6_addr, sizeof(in6_addr)) == 0;
  }
};

// Ended by the other side, which the provider may not have found out yet; whose it was is not known any more.
bool isOver(int fd) {
#if defined(__linux__)
  tcp_info facts{};
  socklen_t length = sizeof facts;
  return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &facts, &length) == 0 && facts.tcpi_state == TCP_CLOSE;
#else
  return false;
#endif
}

bool isMeant(int fd, const SocketsOf& sockets) {
  const Address here(fd, getsockname);
  if (!here.isKnown) return false;
  const Address there(fd, getpeername);
  if (!there.isKnown) return isOver(fd);
  if (sockets.peer == nullptr) return true;
  const Address peer(sockets.peer, sockets.ownBytes);
  const Address own(sockets.own, sockets.ownBytes);
  if (!there.hasHostOf(peer)) return false;
  return there.port() == peer.port() || here.port() == own.port();
}

size_t shutDownBelow(int fd, const SocketsOf& sockets, int depth) {
  size_t found = 0;
  for (const int waited : waitedBy(fd)) {
    if (isMeant(waited, sockets)) {
      shutdown(waited, SHUT_RDWR);
      found++;
    } else if (depth < kDepthMax) {
      found += shutDownBelow(waited, sockets, depth + 1);
    }
  }
  return found;
}

}  // namespace

bool mustShutDownFirst(const fi_info& info) {
  return FI_VERSION_LT(fi_version(), FI_VERSION(1, 18)) && std::strncmp(info.fabric_attr->prov_name, "tcp", 3) == 0;
}

void closeDescriptors(int waitFd) {
  for (const int waited : waitedBy(waitFd)) closeDescriptors(waited);
  close(waitFd);
}

size_t shutDownSockets(const SocketsOf& sockets) { return shutDownBelow(sockets.waitFd, sockets, 0); }

}  // namespace pond
