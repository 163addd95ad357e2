#include "fabric.h"

#include <cstdlib>
#include <memory>

#include "sockets.h"

namespace pond {
namespace {

// Turns of progress that broken connections are given to be noticed; two are enough unless much is left to be read.
constexpr int kProgressMax = 1'000;
// For errors that belong to no operation.
constexpr size_t kSpareCompletions = 64;

constexpr uint32_t kApiVersion = FI_VERSION(1, 15);
constexpr uint64_t kMessagesInOrder = FI_ORDER_SAS;

template <typename T>
void closeAndForget(T*& object) {
  if (object != nullptr) fi_close(&object->fid);
  object = nullptr;
}

int findInfo(const FabricOpenSettings& settings, WriteGuarantee guarantee, fi_info** found) {
  fi_info* hints = newHints(settings.provider);
  if (hints == nullptr) return -FI_ENOMEM;
  hints->tx_attr->size = settings.operations;
  hints->rx_attr->size = settings.receives;
  if (guarantee == WriteGuarantee::kDeliveryComplete) {
    hints->tx_attr->op_flags = FI_DELIVERY_COMPLETE;
  } else {
    hints->tx_attr->msg_order |= FI_ORDER_RAW;
    hints->rx_attr->msg_order |= FI_ORDER_RAW;
    hints->ep_attr->max_order_raw_size = 1;
  }
  const char* node = settings.node[0] == '\0' ? nullptr : settings.node;
  const int failed = fi_getinfo(kApiVersion, node, nullptr, node == nullptr ? 0 : FI_SOURCE, hints, found);
  fi_freeinfo(hints);
  return failed;
}

}  // namespace

void prepareLibrary() {
  // Taking an address out of the vector then closes the connection to it, which is the only way to end a transfer with
  // a peer that is silent. Read once, when the library starts; what people have set stays.
  static const int done = setenv("FI_AV_REMOVE_CLEANUP", "1", 0);
  static_cast<void>(done);
}

fi_info* newHints(const char* provider) {
  fi_info* hints = fi_allocinfo();
  if (hints == nullptr) return nullptr;
  hints->caps = FI_MSG | FI_RMA | FI_SOURCE;
  hints->mode = FI_CONTEXT | FI_CONTEXT2;
  hints->ep_attr->type = FI_EP_RDM;
  hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_VIRT_ADDR | FI_MR_ALLOCATED | FI_MR_PROV_KEY;
  hints->domain_attr->threading = FI_THREAD_DOMAIN;
  hints->domain_attr->control_progress = FI_PROGRESS_MANUAL;
  hints->domain_attr->data_progress = FI_PROGRESS_MANUAL;
  hints->domain_attr->resource_mgmt = FI_RM_ENABLED;
  hints->tx_attr->msg_order = kMessagesInOrder;
  hints->rx_attr->msg_order = kMessagesInOrder;
  if (provider[0] != '\0') hints->fabric_attr->prov_name = strdup(provider);
  return hints;
}

Fabric* Fabric::open(const FabricOpenSettings& settings, int* error, const char** call) {
  prepareLibrary();
  std::unique_ptr<Fabric> fabric(new Fabric());
  const int failed = fabric->fill(settings, call);
  if (failed == 0) return fabric.release();
  *error = -failed;
  return nullptr;
}

int Fabric::fill(const FabricOpenSettings& settings, const char** call) {
  int failed = -FI_ENODATA;
  *call = "fi_getinfo";
  if (settings.guarantee == kAnyGuarantee) failed = findInfo(settings, guarantee_, &info_);
  if (failed != 0) {
    guarantee_ = WriteGuarantee::kReadAfterWrite;
    failed = findInfo(settings, guarantee_, &info_);
  }
  if (failed != 0) return failed;
  // Writes ask for their guarantee one by one: messages need none.
  info_->tx_attr->op_flags = 0;

  *call = "fi_fabric";
  failed = fi_fabric(info_->fabric_attr, &fabric_, nullptr);
  if (failed != 0) return failed;
  *call = "fi_domain";
  failed = fi_domain(fabric_, info_, &domain_, nullptr);
  if (failed != 0) return failed;

  *call = "fi_av_open";
  fi_av_attr vector{};
  vector.type = FI_AV_TABLE;
  failed = fi_av_open(domain_, &vector, &addresses_, nullptr);
  if (failed != 0) return failed;

  *call = "fi_cq_open";
  fi_cq_attr queue{};
  queue.size = settings.operations + settings.receives + kSpareCompletions;
  queue.format = FI_CQ_FORMAT_MSG;
  queue.wait_obj = FI_WAIT_FD;
  failed = fi_cq_open(domain_, &queue, &completions_, nullptr);
  if (failed != 0) return failed;

  *call = "fi_endpoint";
  failed = fi_endpoint(domain_, info_, &endpoint_, nullptr);
  if (failed == 0) failed = fi_ep_bind(endpoint_, &addresses_->fid, 0);
  if (failed == 0) failed = fi_ep_bind(endpoint_, &completions_->fid, FI_TRANSMIT | FI_RECV);
  if (failed == 0) failed = fi_enable(endpoint_);
  if (failed != 0) return failed;
  *call = "fi_control";
  return fi_control(&completions_->fid, FI_GETWAIT, &waitFd_);
}

int Fabric::tryWait() {
  fid* waited[] = {&completions_->fid};
  return fi_trywait(fabric_, waited, 1);
}

void Fabric::closeEndpoint() {
  if (endpoint_ == nullptr) return;
  if (mustShutDownFirst(*info_)) breakConnections(nullptr);
  closeAndForget(endpoint_);
}

int Fabric::removePeer(fi_addr_t peer) {
  uint8_t address[256];
  size_t bytes = sizeof address;
  if (mustShutDownFirst(*info_) && fi_av_lookup(addresses_, peer, address, &bytes) == 0) breakConnections(address);
  return fi_av_remove(addresses_, &peer, 1, 0);
}

void Fabric::breakConnections(const void* peer) {
  uint8_t own[256];
  size_t bytes = sizeof own;
  if (fi_getname(&endpoint_->fid, own, &bytes) != 0) return;
  const SocketsOf sockets{waitFd_, own, bytes, peer};
  for (int turn = 0; turn < kProgressMax && shutDownSockets(sockets) > 0; turn++) {
    // Makes progress, and reads nothing.
    fi_cq_read(completions_, nullptr, 0);
  }
}

Fabric::~Fabric() {
  closeEndpoint();
  closeAndForget(completions_);
  closeAndForget(addresses_);
  closeAndForget(domain_);
  closeAndForget(fabric_);
  if (info_ != nullptr) fi_freeinfo(info_);
}

void throwFabric(napi_env env, int error, const char* call) {
  if (error < FI_ERRNO_OFFSET) {
    throwErrno(env, error, call);
    return;
  }
  char message[160];
  std::snprintf(message, sizeof message, "%s: %s", call, fi_strerror(error));
  napi_throw_error(env, "EOTHER", message);
}

}  // namespace pond
