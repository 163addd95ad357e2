// Memory from mmap that an ArrayBuffer shows and the kernel may still be writing to.
//
// Node frees the ArrayBuffers of a worker that is terminated before it calls anything of ours, so whoever has given
// memory to the kernel holds the mapping itself. It goes with its last holder.
#pragma once
#include <cstddef>

namespace pond {

// Makes the caller the first holder of a mapping.
void addMapping(void* data, size_t bytes);
// One more holder; false for memory that is not from here.
bool holdMapping(void* data);
// One holder less; unmaps after the last.
void dropMapping(void* data);

}  // namespace pond
