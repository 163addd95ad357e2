// The libfabric objects behind one endpoint, opened and closed together, and what the provider said about itself.
//
// A provider is taken only if it can tell a writer that its bytes are in place at the other side: by completions of that
// meaning (FI_DELIVERY_COMPLETE), or by reads that come after writes (FI_ORDER_RAW), which then push writes before them.
// Everything is called from the JavaScript thread; progress is made only inside these calls.
#pragma once
#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_eq.h>
#include <rdma/fi_errno.h>
#include <rdma/fi_rma.h>

#include "../common/napi.h"

namespace pond {

enum class WriteGuarantee { kDeliveryComplete, kReadAfterWrite };

// What ways of knowing that a write is in place are allowed; tests take the second one where the first is there.
enum GuaranteeChoice { kAnyGuarantee = 0, kReadAfterWriteOnly = 1 };

struct FabricOpenSettings {
  const char* provider;
  // Of this machine, to receive connections at; empty for what the provider prefers.
  const char* node;
  // Operations and receives at once: providers set memory aside for as many, tens of kilobytes each.
  size_t operations;
  size_t receives;
  GuaranteeChoice guarantee;
};

class Fabric {
 public:
  // Null, with `*error` a positive error number of libfabric and `*call` the call that failed.
  static Fabric* open(const FabricOpenSettings& settings, int* error, const char** call);
  // Ends all transfers: afterwards nothing touches the memory of operations. Their outcomes are not told any more.
  void closeEndpoint();
  // Ends the transfers with one peer and takes it out of the address vector; the outcomes are there to be read. 0, or a
  // negative error number.
  int removePeer(fi_addr_t peer);
  // Once the loop has let go of the wait descriptor.
  ~Fabric();
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;

  const fi_info& info() const { return *info_; }
  WriteGuarantee guarantee() const { return guarantee_; }
  fid_domain* domain() const { return domain_; }
  fid_av* addresses() const { return addresses_; }
  fid_cq* completions() const { return completions_; }
  fid_ep* endpoint() const { return endpoint_; }
  int waitFd() const { return waitFd_; }
  bool usesVirtualAddresses() const { return (info_->domain_attr->mr_mode & FI_MR_VIRT_ADDR) != 0; }
  // FI_SUCCESS when the loop may sleep on the descriptor, -FI_EAGAIN when there is something to read first.
  int tryWait();

 private:
  Fabric() = default;
  int fill(const FabricOpenSettings& settings, const char** call);
  void breakConnections(const void* peer);

  fi_info* info_ = nullptr;
  WriteGuarantee guarantee_ = WriteGuarantee::kDeliveryComplete;
  fid_fabric* fabric_ = nullptr;
  fid_domain* domain_ = nullptr;
  fid_av* addresses_ = nullptr;
  fid_cq* completions_ = nullptr;
  fid_ep* endpoint_ = nullptr;
  int waitFd_ = -1;
};

// To be called before anything else of libfabric.
void prepareLibrary();

// Hints that every endpoint of ours is asked for with; null without memory. To be freed with fi_freeinfo.
fi_info* newHints(const char* provider);

// Throws as throwErrno does, also for error numbers that only libfabric has.
void throwFabric(napi_env env, int error, const char* call);

}  // namespace pond
