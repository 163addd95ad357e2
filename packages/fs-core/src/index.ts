/** The main door of `@smallpond/fs-core`. */
export type { ChainId, ChainTableId, ChainVersion, InodeId, NodeId, TargetId } from "./ids.ts";
