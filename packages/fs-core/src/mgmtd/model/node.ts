/** Who takes part in the cluster, and where. */
import { fromHex, type NetAddress, toHex } from "@smallpond/base";
import { type NodeId, nodeIdCodec } from "../../ids.ts";
import {
  bool,
  type Codec,
  fixedBytes,
  list,
  mapped,
  struct,
  text,
  u16,
  union,
  word,
} from "../../wire/codec/index.ts";

export type NodeKind = "mgmtd" | "meta" | "storage";

/**
 * - `registered`: known, and never heard of since it was registered.
 * - `alive`: heard of within its lease.
 * - `failed`: not heard of for longer, or reported dead by its supervisor.
 * - `disabled`: an operator does not want it; it is refused.
 */
export type NodeStatus = "registered" | "alive" | "failed" | "disabled";

/** One life of a node's process: 16 random bytes in hex, drawn when it starts. */
export type Incarnation = string;

export interface NodeInfo {
  readonly id: NodeId;
  readonly kind: NodeKind;
  /** Where it is reached; the first is tried first. Empty until it was heard of. */
  readonly addresses: readonly NetAddress[];
  /** What fails together with it: the machine, or the rack. No chain has two replicas under one host tag. */
  readonly host: string;
  /** Anything operators want to tell nodes apart by, sorted by name. */
  readonly tags: readonly NodeTag[];
  readonly status: NodeStatus;
  /** An operator wants its targets out of their chains as soon as others serve. */
  readonly draining: boolean;
  /** Of the process that was heard of last; all zeros if none was. */
  readonly incarnation: Incarnation;
}

export interface NodeTag {
  readonly name: string;
  readonly value: string;
}

export const NODE_LIMITS: {
  readonly addressesMax: number;
  readonly tagsMax: number;
  readonly textBytesMax: number;
} = { addressesMax: 16, tagsMax: 32, textBytesMax: 255 };

export const NO_INCARNATION: Incarnation = "0".repeat(32);

export const nodeKindCodec: Codec<NodeKind> = word(["mgmtd", "meta", "storage"]);
export const nodeStatusCodec: Codec<NodeStatus> = word(["registered", "alive", "failed", "disabled"]);

export const addressCodec: Codec<NetAddress> = union({
  tcp: [1, struct({ host: text(NODE_LIMITS.textBytesMax), port: u16 })],
  unix: [2, struct({ path: text(NODE_LIMITS.textBytesMax) })],
});

export const addressesCodec: Codec<readonly NetAddress[]> = list(addressCodec, NODE_LIMITS.addressesMax);

export const incarnationCodec: Codec<Incarnation> = mapped(fixedBytes(16), fromHex, toHex);

export const nodeTagsCodec: Codec<readonly NodeTag[]> = list(
  struct({ name: text(NODE_LIMITS.textBytesMax), value: text(NODE_LIMITS.textBytesMax) }),
  NODE_LIMITS.tagsMax,
);

export const nodeInfoCodec: Codec<NodeInfo> = struct({
  id: nodeIdCodec,
  kind: nodeKindCodec,
  addresses: addressesCodec,
  host: text(NODE_LIMITS.textBytesMax),
  tags: nodeTagsCodec,
  status: nodeStatusCodec,
  draining: bool,
  incarnation: incarnationCodec,
});
