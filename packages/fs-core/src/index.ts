/** The main door of `@smallpond/fs-core`. */

export { type ClusterUrl, parseClusterUrl } from "./client/connect/cluster-url.ts";
export { type ConnectDeps, type ConnectSettings, connectWith } from "./client/connect/connect-with.ts";
export type {
  CopyOptions,
  DirectoryItem,
  FileHandle,
  FileStat,
  FileSystem,
  FileSystemSpace,
  OpenFlags,
  OpenOptions,
  ReadRequest,
  RemoveOptions,
  RenameOptions,
  WriteFileOptions,
} from "./client/file-system.ts";
export type { ClientBug, FileSystemDeps } from "./client/fs/context.ts";
export {
  PondFileSystem,
  type PondFileSystemDeps,
  type PondFileSystemSettings,
} from "./client/fs/pond-file-system.ts";
export { DEFAULT_FS_SETTINGS, type FsSettings, fsSettings } from "./client/fs/settings.ts";
export {
  type BootstrapDeps,
  type BootstrapOptions,
  type BootstrapRequest,
  bootstrap,
} from "./cluster/bootstrap/bootstrap.ts";
export { type BootstrapPlan, planBootstrap } from "./cluster/bootstrap/plan.ts";
export {
  type ClusterStrength,
  type Readiness,
  readinessOf,
  readinessText,
} from "./cluster/bootstrap/readiness.ts";
export type { RootUser } from "./cluster/bootstrap/root-user.ts";
export { type ClusterShape, checkShape, type ShapeNode, targetsOfDisk } from "./cluster/bootstrap/shape.ts";
export { type WaitOptions, waitUntilUp } from "./cluster/bootstrap/wait-until-up.ts";
export { spaceOf } from "./cluster/chain-space.ts";
export { chunksOfChains } from "./cluster/chunks-of-chains.ts";
export {
  type ChainStanding,
  type ClusterStatus,
  clusterStatus,
  type NodeStanding,
  type TargetStanding,
} from "./cluster/cluster-status.ts";
export { checkOverRpc, type FsckEvent, type FsckOptions } from "./cluster/fsck-caller.ts";
export { MetaCaller, type MetaCallerDeps, type MetaCallerSettings } from "./cluster/meta-caller.ts";
export { META, type MetaMethods } from "./cluster/meta-methods.ts";
export { type ChunksOf, type MindDeps, MindNode } from "./cluster/mind-node.ts";
export type { MindSettings } from "./cluster/mind-settings.ts";
export {
  type ChainId,
  type ChainTableId,
  type ChainVersion,
  type ClientId,
  chainId,
  chainTableId,
  type InodeId,
  inodeId,
  type NodeId,
  newRandomId,
  nodeId,
  type RequestId,
  ROOT_INODE,
  type SessionId,
  type TargetId,
  targetId,
} from "./ids.ts";
export type { ChunkService, ChunkSpace, FileData } from "./meta/collect/chunk-service.ts";
export type { Finding, FindingCode, FsckReport, Repair, Severity } from "./meta/fsck/finding.ts";
export {
  type CheckProgress,
  check as checkMetadata,
  checkLive as checkMetadataLive,
  type LiveCheckOptions,
} from "./meta/fsck/fsck.ts";
export { type RepairOutcome, repair as repairMetadata } from "./meta/fsck/repair.ts";
export type { FsckSummary, ToldFinding, ToldRepair } from "./meta/fsck/rpc/fsck-method.ts";
export { type FsckSource, liveSource, snapshotSource } from "./meta/fsck/source.ts";
export {
  ERRNO,
  type FsError,
  type FsErrorCode,
  type FsErrorDetails,
  isFsError,
} from "./meta/model/errors.ts";
export type {
  DirectoryInode,
  FileInode,
  Inode,
  InodeKind,
  Layout,
  LayoutChoice,
  SpecialInode,
  SymlinkInode,
} from "./meta/model/inode.ts";
export {
  META_OPERATIONS,
  MetaService,
  type MetaServiceDeps,
  type MetaServiceSecrets,
} from "./meta/service/meta-service.ts";
export { clientsOf, type MgmtdAgent, tablesOf } from "./meta/service/mgmtd-views.ts";
export {
  DEFAULT_META_SETTINGS,
  type MetaSettings,
  type MetaSettingsChanges,
  metaSettings,
} from "./meta/service/settings.ts";
export type { ClientView } from "./meta/sessions/client-view.ts";
export { TokenAuthenticator, type TokenAuthenticatorDeps } from "./meta/users/token-authenticator.ts";
export type { TokenInfo, User } from "./meta/users/user-row.ts";
export { MetastoreMetrics } from "./metastore/engine/engine-metrics.ts";
export {
  LocalMetastore,
  type LocalMetastoreDeps,
  type LocalMetastoreSettings,
} from "./metastore/engine/local-metastore.ts";
export { MemoryStore, MemoryStoreState } from "./metastore/memory-store.ts";
export {
  MetastoreNode,
  type MetastoreNodeDeps,
  type MetastoreNodeSettings,
} from "./metastore/metastore-node.ts";
export type {
  ApplyOutcome,
  KeyRange,
  KeyValue,
  OrderedStore,
  Ownership,
  StoreMutation,
  StoreSnapshot,
} from "./metastore/ordered-store.ts";
export {
  DEFAULT_ENGINE_SETTINGS,
  DEFAULT_LEASE_SETTINGS,
  DEFAULT_REMOTE_SETTINGS,
  DEFAULT_RETRY_SETTINGS,
  type EngineSettings,
  type LeaseSettings,
  type RemoteSettings,
  type RetrySettings,
} from "./metastore/settings.ts";
export type {
  BeginOptions,
  CommitOutcome,
  Metastore,
  MetastoreError,
  MetastoreErrorCode,
  RangeOptions,
  RangePage,
  ReadOptions,
  ReadTransaction,
  Transaction,
  TransactOptions,
} from "./metastore/transaction.ts";
export { MgmtdClient, type MgmtdClientDeps, type MgmtdClientSettings } from "./mgmtd/agent/mgmtd-client.ts";
export {
  hostWithoutTargets,
  NodeAgent,
  type NodeAgentDeps,
  type NodeAgentSettings,
  type NodeHost,
} from "./mgmtd/agent/node-agent.ts";
export { NodeLease } from "./mgmtd/agent/node-lease.ts";
export { type Callers, PrimaryFinder, type PrimaryFinderSettings } from "./mgmtd/agent/primary-finder.ts";
export { RoutingCache } from "./mgmtd/agent/routing-cache.ts";
export { nextChain } from "./mgmtd/chain/next-chain.ts";
export { newChain } from "./mgmtd/chain/operations/new-chain.ts";
export type { Chain, ChainTarget, LocalState, TargetState } from "./mgmtd/model/chain.ts";
export type { ChainTable } from "./mgmtd/model/chain-table.ts";
export { chainsOf, type StripeChoice } from "./mgmtd/model/chains-of.ts";
export type { Config, ConfigKind } from "./mgmtd/model/config.ts";
export type { MgmtdError, MgmtdErrorCode } from "./mgmtd/model/errors.ts";
export type { Incarnation, NodeInfo, NodeKind, NodeStatus, NodeTag } from "./mgmtd/model/node.ts";
export type { NodeReport, TargetReport } from "./mgmtd/model/report.ts";
export {
  emptyRouting,
  latestTable,
  type RoutingInfo,
  type TableKey,
  tableKeyOf,
} from "./mgmtd/model/routing.ts";
export type { TargetHold, TargetInfo } from "./mgmtd/model/target.ts";
export { type Balance, formatBalance } from "./mgmtd/placement/balance.ts";
export { type Expansion, expandPlacement } from "./mgmtd/placement/expand.ts";
export {
  type PlacedNode,
  type Placement,
  type PlacementRequest,
  placeChains,
  type ReplicaPlace,
} from "./mgmtd/placement/place-chains.ts";
export type { ActionAnswer, ChainPlan, OperatorAction, TargetPlan } from "./mgmtd/service/actions.ts";
export type { ClientState, DeadReport, SessionInfo, StatusAnswer } from "./mgmtd/service/messages.ts";
export { REPORT_DEAD } from "./mgmtd/service/methods.ts";
export {
  type MethodRegistry,
  type MgmtdIdentity,
  MgmtdService,
  type MgmtdServiceDeps,
} from "./mgmtd/service/mgmtd-service.ts";
export { DEFAULT_MGMTD_SETTINGS, type MgmtdSettings } from "./mgmtd/settings.ts";
export { type ConnectOptions, connect } from "./platform/connect.ts";
export {
  type Capability,
  type CapabilityErrorCode,
  CapabilityKey,
  type CapabilityKeySettings,
  type CapabilityUse,
} from "./service/capability.ts";
export {
  type LogFields,
  Logger,
  type LogLevel,
  type LogLine,
  type LogSink,
  silentLogger,
} from "./service/log.ts";
export { Metrics } from "./service/metrics.ts";
export type { PageBuffer, PageBuffers } from "./storage/blocks/page-buffers.ts";
export type { ReplicaView } from "./storage/chain/chain-deps.ts";
export type { ChainBug } from "./storage/chain/replica.ts";
export {
  ChunkStore,
  type OpeningReport,
  type SpaceUsed,
  type StoreDeps,
  type StorePlace,
} from "./storage/chunk-store.ts";
export { DEFAULT_DSCP_MARKS, type DscpMarks, dscpMarks } from "./storage/classes/marks.ts";
export { Permits, type PermitsSettings } from "./storage/classes/permits.ts";
export { DEFAULT_SHARE_SETTINGS, type ShareSettings } from "./storage/classes/settings.ts";
export { TrafficShares, type TrafficSharesDeps } from "./storage/classes/traffic-shares.ts";
export type { DedupeEntry } from "./storage/journal/records.ts";
export type { ChunkKey, ChunkVersion } from "./storage/model/chunk.ts";
export type { ChunkCorruptError, ChunkDamage, StoreError, StoreErrorCode } from "./storage/model/errors.ts";
export type { StorageNodeSettings, TargetSettings } from "./storage/node/settings.ts";
export { StorageNode, type StorageNodeDeps } from "./storage/node/storage-node.ts";
export type { Target } from "./storage/node/target.ts";
export type { CommitOutcome as ChunkCommitOutcome } from "./storage/ops/commit.ts";
export type { ChunkState, LastChunk } from "./storage/ops/query.ts";
export type { ChunkRead, ReadRange } from "./storage/ops/read.ts";
export type { RangeRemoval } from "./storage/ops/remove-range.ts";
export type { ReplaceRequest } from "./storage/ops/replace.ts";
export type { ScrubPage } from "./storage/ops/scrub.ts";
export type { PreparedUpdate, UpdateOptions, UpdateOutcome } from "./storage/ops/update.ts";
export type { ResyncBug } from "./storage/resync/chain-resync.ts";
export { DEFAULT_RESYNC_SETTINGS, type ResyncSettings } from "./storage/resync/settings.ts";
export { DEFAULT_STORE_SETTINGS, type StoreSettings, storeSettings } from "./storage/settings.ts";
export type { StoreBug } from "./storage/store/parts.ts";
export type { UpdateOperation } from "./storage/store/plan-update.ts";
export { formatTarget } from "./storage/target/format-target.ts";
export { DEFAULT_FRAME_SETTINGS, type FrameSettings } from "./wire/frame.ts";
export type { Authenticator, Credentials } from "./wire/rpc/authentication.ts";
export { RpcClient, type RpcClientDeps } from "./wire/rpc/client.ts";
export { RpcClients, type RpcClientsSettings } from "./wire/rpc/clients.ts";
export type { NoAnswerError, RpcErrorCode } from "./wire/rpc/errors.ts";
export { LocalCaller, type LocalCallerDeps, type LocalCallerSettings } from "./wire/rpc/local-caller.ts";
export type { Caller, CallOptions, Method, Principal, UserIdentity } from "./wire/rpc/method.ts";
export { RpcRouter, type RpcRouterDeps, type RpcRouterSettings } from "./wire/rpc/router.ts";
export { RpcServer, type RpcServerDeps } from "./wire/rpc/server.ts";
export {
  DEFAULT_RPC_CLIENT_SETTINGS,
  DEFAULT_RPC_SERVER_SETTINGS,
  type RpcClientSettings,
  type RpcServerSettings,
} from "./wire/rpc/settings.ts";
export {
  formatToken,
  newToken,
  parseToken,
  type Token,
  tokenExpired,
  tokenHash,
  tokenInvalid,
} from "./wire/rpc/token.ts";
export { FabricTransport, type FabricTransportDeps } from "./wire/transport/fabric-transport.ts";
export type {
  NearInvitation,
  NearLink,
  NearLoan,
  NearMemory,
  NearPart,
  NearPlaceToCome,
  RegionPart,
} from "./wire/transport/near-memory.ts";
export { NearTransport, type NearTransportDeps } from "./wire/transport/near-transport.ts";
export { NetTransport, type NetTransportDeps } from "./wire/transport/net-transport.ts";
export type { Transport } from "./wire/transport/transport.ts";
