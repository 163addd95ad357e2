// fabricOpen(provider, node, operations, receives, entries, table, guarantee, onCompletions), fabricDescribe(endpoint),
// fabricInsert(endpoint, address), fabricRemove(endpoint, peer), fabricRegister(endpoint, memory, offset, length, access,
// key), fabricUnregister(endpoint, region), fabricPost(endpoint, peer, count), fabricReap(endpoint),
// fabricHold(endpoint, on), fabricClose(endpoint, onClosed): messages and remote memory access in batches.
//
// Operations and their outcomes go through one ArrayBuffer, `table`, so that a batch is one call:
//   40 bytes an operation, `entries` of them; Int32 lanes 0 opcode, 1 slot, 2 region, 3 length; lanes 4-5 Float64 offset in
//     the region; lanes 6-7 Uint64 address and 8-9 Uint64 key at the other side
//   16 bytes an outcome, `entries` of them; Int32 lanes 0 slot, 1 bytes or a negative error number, 2 peer or -1
// An operation is known by its slot, below `operations` + `receives`, which it has for itself until its outcome is told. Slot -1 is an
// outcome that belongs to no operation: the provider has lost count, and the endpoint must not be used any more.
// The layout is that of src/platform/fabric/fabric-table.ts.
//
// A descriptor of libfabric wakes the loop only if fi_trywait said that it will, and that has to be asked again after
// everything that was done since: hence a step before each sleep, which costs nothing while nothing was done.
#include <cerrno>
#include <map>
#include <memory>
#include <vector>

#include "../common/environment.h"
#include "exports.h"
#include "fabric.h"
#include "sockets.h"
#include "turns.h"

namespace pond {
namespace {

enum Opcode { kReceive = 0, kSend = 1, kRead = 2, kWrite = 3 };
enum Access { kLocal = 0, kRemoteRead = 1, kRemoteReadWrite = 2 };

constexpr size_t kOperationLanes = 10;
constexpr size_t kOutcomeLanes = 4;
// Batches handed over in one turn of the loop, so that others have theirs.
constexpr int kBatchesPerTurn = 8;
constexpr size_t kReadAtOnce = 64;
constexpr int32_t kNoSlot = -1;
constexpr int32_t kNoPeer = -1;

struct Region {
  fid_mr* registration = nullptr;
  uint8_t* data = nullptr;
  size_t bytes = 0;
};

class Endpoint final : public Watcher::Owner, public Turns::Owner {
 public:
  Environment* environment = nullptr;
  std::unique_ptr<Fabric> fabric;
  Watcher* watcher = nullptr;
  Turns* turns = nullptr;
  std::unique_ptr<Callback> completed;
  std::unique_ptr<Callback> closed;
  napi_ref table = nullptr;
  int32_t* operations = nullptr;
  int32_t* outcomes = nullptr;
  size_t entries = 0;
  // The provider writes to a context until its operation ends.
  std::vector<fi_context2> contexts;
  std::vector<bool> inFlight;
  std::vector<Region> regions;
  std::vector<size_t> freeRegions;
  // Held until the endpoint is closed, by address: the other side may be in the middle of a transfer when a region goes.
  std::map<uint8_t*, napi_ref> memories;
  bool busy = true;
  bool collected = false;

  bool isOpen() const { return watcher != nullptr && !watcher->closing(); }

  // The step before the next sleep reads what there is.
  void onReady(int) override { busy = true; }

  bool beforeSleep() override {
    if (!busy || !isOpen()) return true;
    for (int batch = 0; batch < kBatchesPerTurn; batch++) {
      const size_t count = reap();
      if (count == 0) {
        busy = fabric->tryWait() == -FI_EAGAIN;
        return !busy;
      }
      completed->call(static_cast<double>(count));
      if (!isOpen()) return true;
    }
    return false;
  }

  // Node has dropped external memory by now, before any hook of ours, and the provider copies to memory while it closes:
  // so it is never called again.
  void onEnding() override {
    shutDownSockets(SocketsOf{fabric->waitFd(), nullptr, 0, nullptr});
    turns->close();
  }

  void end() {
    fabric->closeEndpoint();
    turns->close();
  }

  void onClosed() override {
    watcher = nullptr;
    if (environment->ending()) {
      closeDescriptors(fabric->waitFd());
      static_cast<void>(fabric.release());
    } else {
      for (const Region& region : regions) {
        if (region.registration != nullptr) fi_close(&region.registration->fid);
      }
      fabric.reset();
    }
    if (closed != nullptr) closed->call(0);
    if (!environment->ending()) {
      for (const auto& [data, reference] : memories) napi_delete_reference(environment->env(), reference);
      napi_delete_reference(environment->env(), table);
    }
    completed.reset();
    closed.reset();
    deleteIfDone();
  }

  void onTurnsClosed() override {
    turns = nullptr;
    deleteIfDone();
  }

  void deleteIfDone() {
    if (collected && watcher == nullptr && turns == nullptr) delete this;
  }

  // Moves what has ended into the table; at most `entries`.
  size_t reap() {
    size_t count = 0;
    while (count < entries) {
      fi_cq_msg_entry ended[kReadAtOnce];
      fi_addr_t sources[kReadAtOnce];
      for (fi_addr_t& source : sources) source = FI_ADDR_NOTAVAIL;
      const size_t room = entries - count < kReadAtOnce ? entries - count : kReadAtOnce;
      const ssize_t read = fi_cq_readfrom(fabric->completions(), ended, room, sources);
      if (read == -FI_EAVAIL) {
        count += reapErrors(count);
        continue;
      }
      if (read <= 0) break;
      for (ssize_t i = 0; i < read; i++) {
        const bool isMessage = (ended[i].flags & FI_RECV) != 0;
        tell(count++, ended[i].op_context, isMessage ? static_cast<int32_t>(ended[i].len) : 0,
             isMessage && sources[i] != FI_ADDR_NOTAVAIL ? static_cast<int32_t>(sources[i]) : kNoPeer);
      }
    }
    return count;
  }

 private:
  size_t reapErrors(size_t from) {
    size_t count = 0;
    while (from + count < entries) {
      fi_cq_err_entry failed{};
      if (fi_cq_readerr(fabric->completions(), &failed, 0) <= 0) break;
      tell(from + count++, failed.op_context, failed.err > 0 ? -failed.err : -FI_EOTHER, kNoPeer);
    }
    return count;
  }

  void tell(size_t at, void* context, int32_t result, int32_t peer) {
    int32_t* lanes = outcomes + at * kOutcomeLanes;
    lanes[0] = slotOf(context);
    lanes[1] = result;
    lanes[2] = peer;
  }

  int32_t slotOf(void* context) {
    auto* given = static_cast<fi_context2*>(context);
    if (given < contexts.data() || given >= contexts.data() + contexts.size()) return kNoSlot;
    const auto slot = static_cast<size_t>(given - contexts.data());
    // Told twice.
    if (!inFlight[slot]) return kNoSlot;
    inFlight[slot] = false;
    return static_cast<int32_t>(slot);
  }
};

void collect(napi_env, void* data, void*) {
  auto* endpoint = static_cast<Endpoint*>(data);
  endpoint->collected = true;
  if (endpoint->isOpen()) {
    endpoint->end();
    endpoint->watcher->close();
  } else {
    endpoint->deleteIfDone();
  }
}

// Null, with an exception pending, for anything but an open endpoint.
Endpoint* endpointOf(napi_env env, napi_value value) {
  void* data = nullptr;
  if (value == nullptr || napi_get_value_external(env, value, &data) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "argument 0 must be an endpoint");
    return nullptr;
  }
  auto* endpoint = static_cast<Endpoint*>(data);
  if (!endpoint->isOpen()) {
    napi_throw_error(env, "EBADF", "the endpoint is closed");
    return nullptr;
  }
  return endpoint;
}

napi_value fabricOpen(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  char provider[64];
  char node[256];
  if (!arguments.text(0, provider, sizeof provider) || !arguments.text(1, node, sizeof node)) return nullptr;
  const uint32_t operations = arguments.uint32(2);
  const uint32_t receives = arguments.uint32(3);
  const uint32_t entries = arguments.uint32(4);
  const Bytes table = arguments.arrayBuffer(5);
  const uint32_t guarantee = arguments.uint32(6);
  napi_value onCompletions = arguments.function(7);
  if (!arguments.ok()) return nullptr;
  const size_t operationBytes = entries * kOperationLanes * sizeof(int32_t);
  const size_t slots = static_cast<size_t>(operations) + receives;
  if (entries == 0 || slots == 0 || table.length < operationBytes + entries * kOutcomeLanes * sizeof(int32_t)) {
    napi_throw_range_error(env, "EINVAL", "the table is too small for its entries");
    return nullptr;
  }
  int error = 0;
  const char* call = "";
  auto endpoint = std::make_unique<Endpoint>();
  const FabricOpenSettings settings{provider, node, operations, receives, static_cast<GuaranteeChoice>(guarantee)};
  endpoint->fabric.reset(Fabric::open(settings, &error, &call));
  if (endpoint->fabric == nullptr) {
    throwFabric(env, error, call);
    return nullptr;
  }
  endpoint->environment = Environment::of(env);
  endpoint->entries = entries;
  endpoint->operations = reinterpret_cast<int32_t*>(table.data);
  endpoint->outcomes = reinterpret_cast<int32_t*>(table.data + operationBytes);
  endpoint->contexts.resize(slots);
  endpoint->inFlight.resize(slots);
  endpoint->completed = std::make_unique<Callback>(endpoint->environment, onCompletions, "pond.fabric");
  napi_value handle;
  POND_TRY(napi_create_reference(env, arguments.value(5), 1, &endpoint->table));
  POND_TRY(napi_create_external(env, endpoint.get(), collect, nullptr, &handle));
  // From here on it is deleted when it is collected.
  Endpoint* started = endpoint.release();
  started->watcher =
      Watcher::start(started->environment, started->fabric->waitFd(), UV_READABLE, started, &error);
  if (started->watcher == nullptr) {
    throwErrno(env, error, "uv_poll");
    return nullptr;
  }
  started->turns = Turns::start(started->environment->loop(), started);
  return handle;
}

bool put(napi_env env, napi_value object, const char* name, double value) {
  return napi_set_named_property(env, object, name, number(env, value)) == napi_ok;
}

bool put(napi_env env, napi_value object, const char* name, const char* value) {
  return napi_set_named_property(env, object, name, text(env, value == nullptr ? "" : value)) == napi_ok;
}

bool putAddress(napi_env env, napi_value object, fid_ep* endpoint) {
  uint8_t address[256];
  size_t bytes = sizeof address;
  if (fi_getname(&endpoint->fid, address, &bytes) != 0 || bytes > sizeof address) return false;
  void* data = nullptr;
  napi_value buffer;
  if (napi_create_arraybuffer(env, bytes, &data, &buffer) != napi_ok) return false;
  std::memcpy(data, address, bytes);
  return napi_set_named_property(env, object, "address", buffer) == napi_ok;
}

const char* nameOfFormat(uint32_t format) {
  switch (format) {
    case FI_SOCKADDR:
      return "sockaddr";
    case FI_SOCKADDR_IN:
      return "sockaddr_in";
    case FI_SOCKADDR_IN6:
      return "sockaddr_in6";
    case FI_SOCKADDR_IB:
      return "sockaddr_ib";
    case FI_ADDR_IB_UD:
      return "ib_ud";
    case FI_ADDR_STR:
      return "text";
    default:
      return "other";
  }
}

napi_value fabricDescribe(napi_env env, napi_callback_info call) {
  Arguments arguments(env, call);
  Endpoint* endpoint = endpointOf(env, arguments.value(0));
  if (endpoint == nullptr) return nullptr;
  const fi_info& info = endpoint->fabric->info();
  const bool delivery = endpoint->fabric->guarantee() == WriteGuarantee::kDeliveryComplete;
  napi_value object;
  POND_TRY(napi_create_object(env, &object));
  const bool made =
      putAddress(env, object, endpoint->fabric->endpoint()) &&
      put(env, object, "provider", info.fabric_attr->prov_name) &&
      put(env, object, "network", info.fabric_attr->name) && put(env, object, "domain", info.domain_attr->name) &&
      put(env, object, "addressFormat", nameOfFormat(info.addr_format)) &&
      put(env, object, "writeGuarantee", delivery ? "delivery-complete" : "read-after-write") &&
      put(env, object, "transferBytesMax", static_cast<double>(info.ep_attr->max_msg_size)) &&
      put(env, object, "injectBytesMax", static_cast<double>(info.tx_attr->inject_size)) &&
      put(env, object, "transmitDepthMax", static_cast<double>(info.tx_attr->size)) &&
      put(env, object, "receiveDepthMax", static_cast<double>(info.rx_attr->size)) &&
      put(env, object, "iovMax", static_cast<double>(info.tx_attr->iov_limit)) &&
      put(env, object, "rmaIovMax", static_cast<double>(info.tx_attr->rma_iov_limit)) &&
      put(env, object, "memoryMode", static_cast<double>(info.domain_attr->mr_mode)) &&
      put(env, object, "keyBytes", static_cast<double>(info.domain_attr->mr_key_size)) &&
      put(env, object, "regionsMax", static_cast<double>(info.domain_attr->mr_cnt));
  if (!made) {
    throwIfNothingPends(env, "the endpoint has no address");
    return nullptr;
  }
  return object;
}

napi_value fabricInsert(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Endpoint* endpoint = endpointOf(env, arguments.value(0));
  const Bytes address = arguments.bytes(1);
  if (endpoint == nullptr || !arguments.ok()) return nullptr;
  // The provider reads as many bytes as its addresses have, whatever it is given.
  uint8_t own[256];
  size_t bytes = sizeof own;
  const int unnamed = fi_getname(&endpoint->fabric->endpoint()->fid, own, &bytes);
  if (unnamed != 0 || address.length != bytes) {
    throwErrno(env, EINVAL, "fi_av_insert");
    return nullptr;
  }
  fi_addr_t peer = FI_ADDR_NOTAVAIL;
  const int inserted = fi_av_insert(endpoint->fabric->addresses(), address.data, 1, &peer, 0, nullptr);
  if (inserted != 1 || peer > INT32_MAX) {
    throwFabric(env, inserted < 0 ? -inserted : EINVAL, "fi_av_insert");
    return nullptr;
  }
  return number(env, static_cast<double>(peer));
}

// What was under way with the peer has ended when this returns, and its outcomes are there to be reaped, where the
// provider closes the connection.
napi_value fabricRemove(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Endpoint* endpoint = endpointOf(env, arguments.value(0));
  const uint32_t peer = arguments.uint32(1);
  if (endpoint == nullptr || !arguments.ok()) return nullptr;
  const int failed = endpoint->fabric->removePeer(peer);
  if (failed != 0) throwFabric(env, -failed, "fi_av_remove");
  endpoint->busy = true;
  return undefined(env);
}

bool holdMemory(napi_env env, Endpoint* endpoint, uint8_t* data, napi_value buffer) {
  if (endpoint->memories.count(data) > 0) return true;
  napi_ref reference = nullptr;
  if (napi_create_reference(env, buffer, 1, &reference) != napi_ok) return false;
  endpoint->memories.emplace(data, reference);
  return true;
}

uint64_t accessBits(uint32_t access) {
  const uint64_t local = FI_SEND | FI_RECV | FI_READ | FI_WRITE;
  if (access == kRemoteRead) return local | FI_REMOTE_READ;
  return access == kRemoteReadWrite ? local | FI_REMOTE_READ | FI_REMOTE_WRITE : local;
}

int registerMemory(Endpoint* endpoint, uint32_t access, uint64_t key, Region* region) {
  Fabric& fabric = *endpoint->fabric;
  const int failed = fi_mr_reg(fabric.domain(), region->data, region->bytes, accessBits(access), 0, key, 0,
                               &region->registration, nullptr);
  if (failed != 0 || (fabric.info().domain_attr->mr_mode & FI_MR_ENDPOINT) == 0) return failed;
  int refused = fi_mr_bind(region->registration, &fabric.endpoint()->fid, 0);
  if (refused == 0) refused = fi_mr_enable(region->registration);
  if (refused != 0) fi_close(&region->registration->fid);
  return refused;
}

// [region, key, base]: the other side adds what it wants to `base`.
napi_value fabricRegister(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Endpoint* endpoint = endpointOf(env, arguments.value(0));
  const Bytes memory = arguments.arrayBuffer(1);
  const uint64_t offset = arguments.size(2);
  const uint64_t length = arguments.size(3);
  const uint32_t access = arguments.uint32(4);
  if (endpoint == nullptr || !arguments.ok()) return nullptr;
  uint64_t wanted = 0;
  bool lossless = false;
  POND_TRY(napi_get_value_bigint_uint64(env, arguments.value(5), &wanted, &lossless));
  if (length == 0 || offset > memory.length || length > memory.length - offset) {
    throwErrno(env, EINVAL, "fi_mr_reg");
    return nullptr;
  }
  Region region;
  region.data = memory.data + offset;
  region.bytes = length;
  const int failed = registerMemory(endpoint, access, wanted, &region);
  if (failed != 0) {
    throwFabric(env, -failed, "fi_mr_reg");
    return nullptr;
  }
  if (!holdMemory(env, endpoint, memory.data, arguments.value(1))) {
    fi_close(&region.registration->fid);
    throwIfNothingPends(env, "napi_create_reference");
    return nullptr;
  }
  size_t index = endpoint->regions.size();
  if (endpoint->freeRegions.empty()) {
    endpoint->regions.push_back(region);
  } else {
    index = endpoint->freeRegions.back();
    endpoint->freeRegions.pop_back();
    endpoint->regions[index] = region;
  }
  const uint64_t base = endpoint->fabric->usesVirtualAddresses() ? reinterpret_cast<uint64_t>(region.data) : 0;
  napi_value list, keyValue, baseValue;
  POND_TRY(napi_create_array_with_length(env, 3, &list));
  POND_TRY(napi_create_bigint_uint64(env, fi_mr_key(region.registration), &keyValue));
  POND_TRY(napi_create_bigint_uint64(env, base, &baseValue));
  POND_TRY(napi_set_element(env, list, 0, number(env, static_cast<double>(index))));
  POND_TRY(napi_set_element(env, list, 1, keyValue));
  POND_TRY(napi_set_element(env, list, 2, baseValue));
  return list;
}

napi_value fabricUnregister(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Endpoint* endpoint = endpointOf(env, arguments.value(0));
  const uint32_t index = arguments.uint32(1);
  if (endpoint == nullptr || !arguments.ok()) return nullptr;
  if (index >= endpoint->regions.size() || endpoint->regions[index].registration == nullptr) {
    throwErrno(env, EINVAL, "fi_close");
    return nullptr;
  }
  fi_close(&endpoint->regions[index].registration->fid);
  endpoint->regions[index] = Region();
  endpoint->freeRegions.push_back(index);
  return undefined(env);
}

ssize_t post(Endpoint* endpoint, fi_addr_t peer, const int32_t* lanes) {
  const auto slot = static_cast<size_t>(lanes[1]);
  const auto index = static_cast<size_t>(lanes[2]);
  const auto length = static_cast<uint32_t>(lanes[3]);
  double offset;
  std::memcpy(&offset, lanes + 4, sizeof offset);
  if (slot >= endpoint->contexts.size() || endpoint->inFlight[slot]) return -FI_EINVAL;
  if (index >= endpoint->regions.size() || endpoint->regions[index].registration == nullptr) return -FI_EINVAL;
  const Region& region = endpoint->regions[index];
  if (!(offset >= 0 && offset + length <= static_cast<double>(region.bytes))) return -FI_EINVAL;

  Fabric& fabric = *endpoint->fabric;
  iovec local{region.data + static_cast<size_t>(offset), length};
  void* description = fi_mr_desc(region.registration);
  fi_msg message{&local, &description, 1, peer, &endpoint->contexts[slot], 0};
  fi_rma_iov remote{0, length, 0};
  std::memcpy(&remote.addr, lanes + 6, sizeof remote.addr);
  std::memcpy(&remote.key, lanes + 8, sizeof remote.key);
  fi_msg_rma transfer{&local, &description, 1, peer, &remote, 1, &endpoint->contexts[slot], 0};
  switch (lanes[0]) {
    case kReceive:
      message.addr = FI_ADDR_UNSPEC;
      return fi_recvmsg(fabric.endpoint(), &message, FI_COMPLETION);
    case kSend:
      return fi_sendmsg(fabric.endpoint(), &message, FI_COMPLETION);
    case kRead:
      return fi_readmsg(fabric.endpoint(), &transfer, FI_COMPLETION);
    case kWrite:
      return fi_writemsg(
          fabric.endpoint(), &transfer,
          FI_COMPLETION | (fabric.guarantee() == WriteGuarantee::kDeliveryComplete ? FI_DELIVERY_COMPLETE : 0));
    default:
      return -FI_EINVAL;
  }
}

// Takes operations in order up to one that is refused, whose lane 0 then holds the negative error number. -EAGAIN: the
// connection is not there yet, or queues are full; to be tried again when something has ended, or later.
napi_value fabricPost(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Endpoint* endpoint = endpointOf(env, arguments.value(0));
  const uint32_t peer = arguments.uint32(1);
  const uint32_t count = arguments.uint32(2);
  if (endpoint == nullptr || !arguments.ok()) return nullptr;
  uint32_t taken = 0;
  for (; taken < count && taken < endpoint->entries; taken++) {
    int32_t* lanes = endpoint->operations + taken * kOperationLanes;
    const ssize_t refused = post(endpoint, peer, lanes);
    if (refused != 0) {
      lanes[0] = static_cast<int32_t>(refused);
      break;
    }
    endpoint->inFlight[static_cast<size_t>(lanes[1])] = true;
  }
  endpoint->busy = true;
  return number(env, taken);
}

napi_value fabricReap(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Endpoint* endpoint = endpointOf(env, arguments.value(0));
  if (endpoint == nullptr) return nullptr;
  endpoint->busy = true;
  return number(env, static_cast<double>(endpoint->reap()));
}

napi_value fabricHold(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Endpoint* endpoint = endpointOf(env, arguments.value(0));
  const bool on = arguments.boolean(1);
  if (endpoint == nullptr || !arguments.ok()) return nullptr;
  endpoint->watcher->hold(on);
  return undefined(env);
}

napi_value fabricClose(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Endpoint* endpoint = endpointOf(env, arguments.value(0));
  napi_value onClosed = arguments.function(1);
  if (endpoint == nullptr || !arguments.ok()) return nullptr;
  endpoint->closed = std::make_unique<Callback>(endpoint->environment, onClosed, "pond.fabric.closed");
  endpoint->watcher->hold(true);
  endpoint->end();
  endpoint->watcher->close();
  return undefined(env);
}

}  // namespace

void exportFabricEndpoint(napi_env env, napi_value exports) {
  exportFunction(env, exports, "fabricOpen", fabricOpen);
  exportFunction(env, exports, "fabricDescribe", fabricDescribe);
  exportFunction(env, exports, "fabricInsert", fabricInsert);
  exportFunction(env, exports, "fabricRemove", fabricRemove);
  exportFunction(env, exports, "fabricRegister", fabricRegister);
  exportFunction(env, exports, "fabricUnregister", fabricUnregister);
  exportFunction(env, exports, "fabricPost", fabricPost);
  exportFunction(env, exports, "fabricReap", fabricReap);
  exportFunction(env, exports, "fabricHold", fabricHold);
  exportFunction(env, exports, "fabricClose", fabricClose);
}

}  // namespace pond
