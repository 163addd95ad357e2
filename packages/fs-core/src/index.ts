/** The main door of `@smallpond/fs-core`. */
export type { ChainId, ChainTableId, ChainVersion, InodeId, NodeId, TargetId } from "./ids.ts";
export { MetastoreMetrics } from "./metastore/engine/engine-metrics.ts";
export {
  LocalMetastore,
  type LocalMetastoreDeps,
  type LocalMetastoreSettings,
} from "./metastore/engine/local-metastore.ts";
export { MemoryStore, MemoryStoreState } from "./metastore/memory-store.ts";
export type {
  ApplyOutcome,
  KeyRange,
  KeyValue,
  OrderedStore,
  Ownership,
  StoreMutation,
  StoreSnapshot,
} from "./metastore/ordered-store.ts";
export type {
  CommitOutcome,
  Metastore,
  RangeOptions,
  RangePage,
  ReadOptions,
  ReadTransaction,
  Transaction,
  TransactOptions,
} from "./metastore/transaction.ts";
export type { Chain, ChainTarget, LocalState, TargetState } from "./mgmtd/model/chain.ts";
export type { ChainTable } from "./mgmtd/model/chain-table.ts";
export { chainsOf } from "./mgmtd/model/chains-of.ts";
export type { NodeInfo, NodeKind, NodeStatus } from "./mgmtd/model/node.ts";
export type { RoutingInfo } from "./mgmtd/model/routing.ts";
