export type { Capability, CapabilityName } from "./capability.ts";
export { type Crc32c, JAVASCRIPT_CRC32C, newCrc32c } from "./crc32c/crc32c.ts";
export type {
  DiskQueue,
  LeasePart,
  QueueFile,
  QueueOpenOptions,
  QueueOperation,
} from "./disk/disk-queue.ts";
export { BufferLease, type Region } from "./memory/lease.ts";
export { BufferPool, DEFAULT_POOL_SETTINGS, type PoolDeps, type PoolSettings } from "./memory/pool.ts";
export { type CapabilitiesOptions, capabilities } from "./platform/capabilities/capabilities.ts";
export { DEFAULT_QUEUE_SETTINGS, type DiskQueueSettings, openDiskQueue } from "./platform/disk/open-queue.ts";
export { QueueDisk } from "./platform/disk/queue-disk.ts";
export { type OpenPoolOptions, openBufferPool } from "./platform/open-pool.ts";
