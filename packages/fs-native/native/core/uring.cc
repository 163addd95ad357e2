#include "uring.h"

#if POND_HAS_URING
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

// Numbers of the system calls are the same on every architecture; older C libraries do not name them.
#if !defined(__NR_io_uring_setup)
#define __NR_io_uring_setup 425
#define __NR_io_uring_enter 426
#define __NR_io_uring_register 427
#endif

namespace pond {
namespace {

unsigned acquire(const unsigned* from) { return __atomic_load_n(from, __ATOMIC_ACQUIRE); }
void release(unsigned* to, unsigned value) { __atomic_store_n(to, value, __ATOMIC_RELEASE); }

}  // namespace

Uring* Uring::open(unsigned entries, int* error) {
  io_uring_params params;
  std::memset(&params, 0, sizeof params);
  params.flags = IORING_SETUP_CLAMP;
  const int fd = static_cast<int>(syscall(__NR_io_uring_setup, entries, &params));
  if (fd < 0) {
    *error = errno;
    return nullptr;
  }
  auto* uring = new Uring();
  uring->fd_ = fd;
  const size_t sqBytes = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  const size_t cqBytes = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
  // Since 5.4 both queues are one mapping; older kernels count as having no io_uring.
  if ((params.features & IORING_FEAT_SINGLE_MMAP) == 0 || (params.features & IORING_FEAT_NODROP) == 0) {
    *error = ENOSYS;
    delete uring;
    return nullptr;
  }
  uring->ringBytes_ = sqBytes > cqBytes ? sqBytes : cqBytes;
  uring->ring_ =
      mmap(nullptr, uring->ringBytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
  uring->sqesBytes_ = params.sq_entries * sizeof(io_uring_sqe);
  void* sqes =
      mmap(nullptr, uring->sqesBytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
  if (uring->ring_ == MAP_FAILED || sqes == MAP_FAILED) {
    *error = errno;
    if (uring->ring_ == MAP_FAILED) uring->ring_ = nullptr;
    if (sqes != MAP_FAILED) munmap(sqes, uring->sqesBytes_);
    delete uring;
    return nullptr;
  }
  uring->sqes_ = static_cast<io_uring_sqe*>(sqes);
  auto* base = static_cast<uint8_t*>(uring->ring_);
  auto at = [base](unsigned offset) { return reinterpret_cast<unsigned*>(base + offset); };
  uring->sqHead_ = at(params.sq_off.head);
  uring->sqTail_ = at(params.sq_off.tail);
  uring->sqFlags_ = at(params.sq_off.flags);
  uring->sqMask_ = *at(params.sq_off.ring_mask);
  uring->sqEntries_ = params.sq_entries;
  uring->cqHead_ = at(params.cq_off.head);
  uring->cqTail_ = at(params.cq_off.tail);
  uring->cqMask_ = *at(params.cq_off.ring_mask);
  uring->cqEntries_ = params.cq_entries;
  uring->cqes_ = reinterpret_cast<io_uring_cqe*>(base + params.cq_off.cqes);
  uring->tail_ = *uring->sqTail_;
  // Entry i of the queue is always entry i of the table.
  unsigned* array = at(params.sq_off.array);
  for (unsigned i = 0; i < params.sq_entries; i++) array[i] = i;
  return uring;
}

Uring::~Uring() {
  if (sqes_ != nullptr) munmap(sqes_, sqesBytes_);
  if (ring_ != nullptr) munmap(ring_, ringBytes_);
  if (fd_ >= 0) ::close(fd_);
}

io_uring_sqe* Uring::next() {
  if (tail_ - acquire(sqHead_) == sqEntries_) return nullptr;
  io_uring_sqe* sqe = &sqes_[tail_ & sqMask_];
  std::memset(sqe, 0, sizeof *sqe);
  tail_++;
  return sqe;
}

bool Uring::hasUnsubmitted() const { return tail_ != acquire(sqHead_); }

int Uring::enter(unsigned wait) {
  release(sqTail_, tail_);
  for (;;) {
    const unsigned pending = tail_ - acquire(sqHead_);
    const bool overflown = (acquire(sqFlags_) & IORING_SQ_CQ_OVERFLOW) != 0;
    if (pending == 0 && wait == 0 && !overflown) return 0;
    const unsigned flags = wait > 0 || overflown ? IORING_ENTER_GETEVENTS : 0;
    const long done = syscall(__NR_io_uring_enter, fd_, pending, wait, flags, nullptr, 0);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return -errno;
    if (static_cast<unsigned>(done) >= pending || done == 0) return 0;
  }
}

const io_uring_cqe* Uring::peek() const {
  const unsigned head = *cqHead_;
  return head == acquire(cqTail_) ? nullptr : &cqes_[head & cqMask_];
}

void Uring::seen() { release(cqHead_, *cqHead_ + 1); }

int Uring::registerWith(unsigned opcode, const void* argument, unsigned count) {
  const long done = syscall(__NR_io_uring_register, fd_, opcode, argument, count);
  return done < 0 ? -errno : static_cast<int>(done);
}

}  // namespace pond
#endif
