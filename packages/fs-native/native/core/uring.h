// A submission and a completion queue of the kernel's, by its system calls alone: liburing need not be installed.
#pragma once
#include <cstddef>
#include <cstdint>

#if defined(__linux__) && __has_include(<linux/io_uring.h>)
#define POND_HAS_URING 1
#include <linux/io_uring.h>

namespace pond {

class Uring {
 public:
  // Null, with `*error` set: ENOSYS or EPERM where the kernel or a sandbox refuses io_uring, ENOMEM, EMFILE.
  static Uring* open(unsigned entries, int* error);
  ~Uring();
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  // The next free entry, cleared, or null when the queue is full.
  io_uring_sqe* next();
  // Hands the filled entries to the kernel; waits for `wait` completions. 0, or a negative error number; EAGAIN and EBUSY
  // leave entries for the next call.
  int enter(unsigned wait);
  // Whether entries wait for the kernel to take them.
  bool hasUnsubmitted() const;
  // The oldest completion, or null.
  const io_uring_cqe* peek() const;
  void seen();

  unsigned completionEntries() const { return cqEntries_; }
  int fd() const { return fd_; }
  int registerWith(unsigned opcode, const void* argument, unsigned count);

 private:
  Uring() = default;
  int fd_ = -1;
  void* ring_ = nullptr;
  size_t ringBytes_ = 0;
  io_uring_sqe* sqes_ = nullptr;
  size_t sqesBytes_ = 0;
  unsigned* sqHead_ = nullptr;
  unsigned* sqTail_ = nullptr;
  unsigned* sqFlags_ = nullptr;
  unsigned sqMask_ = 0;
  unsigned sqEntries_ = 0;
  unsigned* cqHead_ = nullptr;
  unsigned* cqTail_ = nullptr;
  unsigned cqMask_ = 0;
  unsigned cqEntries_ = 0;
  io_uring_cqe* cqes_ = nullptr;
  unsigned tail_ = 0;
};

}  // namespace pond
#endif
