// Ends connections of libfabric's tcp provider by shutting their sockets down, which the provider then finds out as it
// does when the other side goes.
//
// Needed before libfabric 1.18: there, closing a connection whose peer is in the middle of answering a read frees that
// read twice (ofiwg/libfabric commit a74ea0fcd), and the process ends sooner or later. Connections that break are handled
// well. The sockets are those that the endpoint's wait descriptor waits for.
#pragma once
#include <rdma/fabric.h>

#include <cstddef>

namespace pond {

// Whether this libfabric, for this provider, must be treated so.
bool mustShutDownFirst(const fi_info& info);

struct SocketsOf {
  int waitFd;
  // Our own address, where others connect to.
  const void* own;
  size_t ownBytes;
  // Of the peer that is meant; null for all. A connection that the peer made is told by its host only.
  const void* peer;
};

// Shuts connections down; how many of them the provider still has. Call again, after progress, until there are none.
size_t shutDownSockets(const SocketsOf& sockets);

// Closes a wait descriptor and all that it waits for: of an endpoint that is left as it is, and never called again.
void closeDescriptors(int waitFd);

}  // namespace pond
