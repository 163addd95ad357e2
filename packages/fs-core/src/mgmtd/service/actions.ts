/** What operators may do, as one question with many kinds. */
import {
  type ChainId,
  type ChainTableId,
  chainIdCodec,
  chainTableIdCodec,
  type NodeId,
  nodeIdCodec,
  type TargetId,
  targetIdCodec,
} from "../../ids.ts";
import {
  bool,
  type Codec,
  list,
  optional,
  struct,
  text,
  u16,
  u32,
  u64,
  union,
} from "../../wire/codec/index.ts";
import { CHAIN_LIMITS } from "../model/chain.ts";
import { CHAIN_TABLE_LIMITS } from "../model/chain-table.ts";
import { NODE_LIMITS, type NodeKind, type NodeTag, nodeKindCodec, nodeTagsCodec } from "../model/node.ts";
import { type TargetHold, targetHoldCodec } from "../model/target.ts";

export const ACTION_LIMITS: { readonly chainsMax: number; readonly targetsMax: number } = {
  chainsMax: 4096,
  targetsMax: 4096,
};

export interface ChainPlan {
  readonly id: ChainId;
  /** The head first; this is the preferred order. */
  readonly targets: readonly TargetId[];
}

export interface TargetPlan {
  readonly id: TargetId;
  readonly node: NodeId;
  readonly disk: number;
}

export type OperatorAction =
  /** Makes a node known, or changes what is known of it. */
  | {
      readonly kind: "registerNode";
      readonly node: NodeId;
      readonly nodeKind: NodeKind;
      readonly host: string;
      readonly tags: readonly NodeTag[];
    }
  /** A disabled node is refused, and its lease runs out. */
  | { readonly kind: "enableNode"; readonly node: NodeId; readonly enabled: boolean }
  /** Asks the node's targets to leave their chains where others serve, or takes that back. */
  | { readonly kind: "drainNode"; readonly node: NodeId; readonly draining: boolean }
  /** Says where targets are before their nodes do. */
  | { readonly kind: "createTargets"; readonly targets: readonly TargetPlan[] }
  /** All of their targets serve, with nothing on them. A chain that is there must have the same targets, and stays. */
  | { readonly kind: "createChains"; readonly chains: readonly ChainPlan[] }
  /** The next version of a table, unless the last one is the same. Answers with the version. */
  | { readonly kind: "putTable"; readonly table: ChainTableId; readonly chains: readonly ChainId[] }
  | { readonly kind: "addTarget"; readonly chain: ChainId; readonly target: TargetId }
  | { readonly kind: "removeTarget"; readonly chain: ChainId; readonly target: TargetId }
  /** Takes a target out of its chain (`orderly`, `forced`), or lets it back in (`none`). */
  | { readonly kind: "holdTarget"; readonly target: TargetId; readonly hold: TargetHold }
  /** Believes another replica when no complete one comes back. Acknowledged data may be lost. */
  | { readonly kind: "rotateLastServer"; readonly chain: ChainId; readonly target: TargetId }
  | { readonly kind: "setPreferredOrder"; readonly chain: ChainId; readonly order: readonly TargetId[] }
  /** One step towards the preferred order. Answers with the target that leaves, or 0 if the order is reached. */
  | { readonly kind: "rotateToPreferred"; readonly chain: ChainId };

const chainPlan = struct({ id: chainIdCodec, targets: list(targetIdCodec, CHAIN_LIMITS.replicasMax) });
const targetPlan = struct({ id: targetIdCodec, node: nodeIdCodec, disk: u16 });
const memberFields = struct({ chain: chainIdCodec, target: targetIdCodec });

export const operatorActionCodec: Codec<OperatorAction> = union({
  registerNode: [
    1,
    struct({
      node: nodeIdCodec,
      nodeKind: nodeKindCodec,
      host: text(NODE_LIMITS.textBytesMax),
      tags: nodeTagsCodec,
    }),
  ],
  enableNode: [2, struct({ node: nodeIdCodec, enabled: bool })],
  drainNode: [3, struct({ node: nodeIdCodec, draining: bool })],
  createTargets: [4, struct({ targets: list(targetPlan, ACTION_LIMITS.targetsMax) })],
  createChains: [5, struct({ chains: list(chainPlan, ACTION_LIMITS.chainsMax) })],
  putTable: [
    6,
    struct({ table: chainTableIdCodec, chains: list(chainIdCodec, CHAIN_TABLE_LIMITS.chainsMax) }),
  ],
  addTarget: [7, memberFields],
  removeTarget: [8, memberFields],
  holdTarget: [9, struct({ target: targetIdCodec, hold: targetHoldCodec })],
  rotateLastServer: [10, memberFields],
  setPreferredOrder: [
    11,
    struct({ chain: chainIdCodec, order: list(targetIdCodec, CHAIN_LIMITS.replicasMax) }),
  ],
  rotateToPreferred: [12, struct({ chain: chainIdCodec })],
});

export interface ActionAnswer {
  /** The routing that has what was done. */
  readonly routingVersion: bigint;
  /** What the action says it answers with. */
  readonly number: number | undefined;
}

export const actionAnswerCodec: Codec<ActionAnswer> = struct({ routingVersion: u64, number: optional(u32) });
