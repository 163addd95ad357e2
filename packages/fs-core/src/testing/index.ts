/** Stand-ins and contracts of the file system's rooms. */

export { type ChunkFault, MemoryChunkState, MemoryChunks } from "./memory-chunks.ts";
export { type MemoryMetastoreDeps, openMemoryMetastore } from "./memory-metastore.ts";
