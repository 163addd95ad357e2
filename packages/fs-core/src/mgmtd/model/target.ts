/** Where a replica is. */
import { type NodeId, nodeIdCodec, type TargetId, targetIdCodec } from "../../ids.ts";
import { bool, type Codec, struct, u16 } from "../../wire/codec/index.ts";

export interface TargetInfo {
  readonly id: TargetId;
  readonly node: NodeId;
  /** Which of the node's disks, from 0. */
  readonly disk: number;
  /** An operator wants it out of its chain. */
  readonly held: boolean;
}

export const targetInfoCodec: Codec<TargetInfo> = struct({
  id: targetIdCodec,
  node: nodeIdCodec,
  disk: u16,
  held: bool,
});
