export type { Capability, CapabilityName } from "./capability.ts";
export { type Crc32c, JAVASCRIPT_CRC32C, newCrc32c } from "./crc32c/crc32c.ts";
export type {
  DiskQueue,
  QueueFile,
  QueueOpenOptions,
  QueueOperation,
} from "./disk/disk-queue.ts";
export type {
  FabricEndpoint,
  FabricLimits,
  FabricMessage,
  FabricPeer,
  FabricRegion,
  ProviderLimits,
  RemoteAccess,
  RemotePlace,
  RemoteRegion,
  WriteGuarantee,
} from "./fabric/fabric.ts";
export type { FabricError, FabricErrorCode, FabricErrorDetails } from "./fabric/fabric-errors.ts";
export { DEFAULT_FABRIC_SETTINGS, type FabricSettings } from "./fabric/fabric-settings.ts";
export { MemoryFabric, type MemoryFabricDeps } from "./fabric/memory-fabric.ts";
export {
  FUSE_REQUEST_BYTES_MAX,
  FUSE_WRITE_BYTES_MAX,
  type FuseDevice,
  type FuseRequest,
} from "./fuse/fuse-device.ts";
export type { FuseError, FuseErrorCode, FuseErrorDetails } from "./fuse/fuse-errors.ts";
export { BufferLease, type LeasePart, type Region } from "./memory/lease.ts";
export {
  BufferPool,
  DEFAULT_POOL_SETTINGS,
  type PoolDeps,
  type PoolSettings,
  regionOf,
} from "./memory/pool.ts";
export type { LeasedConnection, LeasedListener, LeasedNet, Piece } from "./net/leased-net.ts";
export { assertHeld, leaseOf, viewOf } from "./net/pieces.ts";
export { PortableNet } from "./net/portable-net.ts";
export { DEFAULT_LEASED_NET_SETTINGS, type LeasedNetSettings } from "./net/settings.ts";
export { type CapabilitiesOptions, capabilities } from "./platform/capabilities/capabilities.ts";
export { type BootClock, openBootClock } from "./platform/clock/open-boot-clock.ts";
export { DEFAULT_QUEUE_SETTINGS, type DiskQueueSettings, openDiskQueue } from "./platform/disk/open-queue.ts";
export { QueueDisk } from "./platform/disk/queue-disk.ts";
export { type FabricFacts, type FabricProvider, fabricFacts } from "./platform/fabric/fabric-facts.ts";
export { FABRIC_PROVIDERS, type OpenFabricOptions, openFabric } from "./platform/fabric/open-fabric.ts";
export {
  type FuseMount,
  type FuseMountOptions,
  mountFuse,
  type UnmountOptions,
  unmountFuse,
} from "./platform/fuse/mount-fuse.ts";
export { type OpenNetOptions, openLeasedNet } from "./platform/net/open-net.ts";
export { type OpenPoolOptions, openBufferPool } from "./platform/open-pool.ts";
export {
  BellPush,
  DEFAULT_DOORBELL_SETTINGS,
  Doorbell,
  type DoorbellSettings,
  type SharedWord,
} from "./platform/shared/doorbell.ts";
export { adoptEvent, createEvent, type ProcessEvent } from "./platform/shared/event.ts";
export {
  connectDescriptors,
  descriptorPair,
  listenForDescriptors,
} from "./platform/shared/open-descriptor-channel.ts";
export {
  type AdoptMemoryOptions,
  adoptSharedMemory,
  type CreateMemoryOptions,
  createSealedMemory,
  createSharedMemory,
  type OpenMemoryOptions,
  openSharedMemory,
  removeSharedMemory,
  type SealedMemoryOptions,
} from "./platform/shared/shared-memory.ts";
export {
  DEFAULT_DESCRIPTOR_SETTINGS,
  type DescriptorChannel,
  type DescriptorChannelSettings,
  type DescriptorError,
  type DescriptorErrorCode,
  type DescriptorErrorDetails,
  type DescriptorListener,
  type DescriptorMessage,
  type ReceivedDescriptor,
} from "./shared/descriptor-channel.ts";
export type {
  SharedMemory,
  SharedMemoryError,
  SharedMemoryErrorCode,
  SharedMemoryErrorDetails,
} from "./shared/shared-memory.ts";
