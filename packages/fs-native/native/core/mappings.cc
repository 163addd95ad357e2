#include "mappings.h"

#include <sys/mman.h>

#include <mutex>
#include <unordered_map>

#include "../common/napi.h"

namespace pond {
namespace {

struct Mapping {
  size_t bytes;
  unsigned holders;
};

// Of the whole process: several workers load the addon once. Never destroyed, because finalizers run at exit as well.
std::mutex& lock() {
  static auto* mutex = new std::mutex();
  return *mutex;
}

std::unordered_map<void*, Mapping>& mappings() {
  static auto* all = new std::unordered_map<void*, Mapping>();
  return *all;
}

}  // namespace

void addMapping(void* data, size_t bytes) {
  const std::lock_guard<std::mutex> guard(lock());
  const bool added = mappings().emplace(data, Mapping{bytes, 1}).second;
  POND_ASSERT(added);
}

bool holdMapping(void* data) {
  const std::lock_guard<std::mutex> guard(lock());
  const auto found = mappings().find(data);
  if (found == mappings().end()) return false;
  found->second.holders++;
  return true;
}

void dropMapping(void* data) {
  const std::lock_guard<std::mutex> guard(lock());
  const auto found = mappings().find(data);
  POND_ASSERT(found != mappings().end());
  if (--found->second.holders > 0) return;
  munmap(data, found->second.bytes);
  mappings().erase(found);
}

}  // namespace pond
