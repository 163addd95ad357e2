/** Stand-ins and contracts of the file system's rooms. */

export { HeapBuffers } from "../storage/blocks/page-buffers.ts";
export { type MetastoreUnderTest, metastoreContract } from "./contracts/metastore.ts";
export { orderedStoreContract, type StoreUnderTest } from "./contracts/ordered-store.ts";
export { type FakeCall, type FakeItem, FakeStorage, type FakeStorageSettings } from "./fake-storage.ts";
export { FaultyStore, type FaultyStoreDeps, type StoreFaults } from "./faulty-store.ts";
export { type ItemFault, MemoryChunkIo } from "./memory-chunk-io.ts";
export { type ChunkFault, MemoryChunkState, MemoryChunks } from "./memory-chunks.ts";
export { type MemoryMetastoreDeps, openMemoryMetastore } from "./memory-metastore.ts";
export { MemoryNear, type MemoryNearDeps, type NearRooms } from "./memory-near.ts";
export { answerIn, type RequestSeen, requestsIn } from "./request-rows.ts";
export {
  rpcFrameBytes,
  TEST_AUTHENTICATOR,
  TEST_MEMBER,
  type TestRpcDeps,
  testClients,
  testServer,
} from "./rpc.ts";
