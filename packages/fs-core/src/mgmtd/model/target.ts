/** Where a replica is. */
import { type NodeId, nodeIdCodec, type TargetId, targetIdCodec } from "../../ids.ts";
import { type Codec, struct, u16, word } from "../../wire/codec/index.ts";

/**
 * What an operator wants of a target.
 *
 * - `none`: nothing.
 * - `orderly`: it leaves its chain as soon as another replica serves.
 * - `forced`: it leaves its chain at once, even if nobody serves then.
 */
export type TargetHold = "none" | "orderly" | "forced";

export interface TargetInfo {
  readonly id: TargetId;
  readonly node: NodeId;
  /** Which of the node's disks, from 0. */
  readonly disk: number;
  readonly hold: TargetHold;
}

export const targetHoldCodec: Codec<TargetHold> = word(["none", "orderly", "forced"]);

export const targetInfoCodec: Codec<TargetInfo> = struct({
  id: targetIdCodec,
  node: nodeIdCodec,
  disk: u16,
  hold: targetHoldCodec,
});
