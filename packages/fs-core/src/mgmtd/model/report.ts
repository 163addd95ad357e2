/** What nodes say of themselves in each heartbeat. */
import { type NodeId, nodeIdCodec, type TargetId, targetIdCodec } from "../../ids.ts";
import { type Codec, f64, list, optional, struct, text, u16, u32, u64 } from "../../wire/codec/index.ts";
import { type LocalState, localStateCodec } from "./chain.ts";
import { type Incarnation, incarnationCodec } from "./node.ts";

export interface TargetReport {
  readonly target: TargetId;
  /** Which of the node's disks, from 0. */
  readonly disk: number;
  /** True from the moment of the report on, for as long as the chain has the version that the report names. */
  readonly local: LocalState;
  /** Of the chain, as the node knew it when it reported; 0 of a target that is in none. */
  readonly chainVersion: number;
  readonly usedBytes: bigint;
  readonly capacityBytes: bigint;
}

/** Said by those that serve nothing whatever the chain says. */
export const ANY_VERSION = 0xffff_ffff;

/** What the primary knows of a node beside the routing. */
export interface NodeReport {
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  /** Since the last heartbeat. */
  readonly silentMs: number;
  readonly configVersion: number;
  /** Why the node does not run by its configuration, if it does not. */
  readonly configError: string | undefined;
  readonly targets: readonly TargetReport[];
}

export const REPORT_LIMITS: { readonly targetsMax: number; readonly nodesMax: number } = {
  targetsMax: 4096,
  nodesMax: 65_536,
};

export const targetReportCodec: Codec<TargetReport> = struct({
  target: targetIdCodec,
  disk: u16,
  local: localStateCodec,
  chainVersion: u32,
  usedBytes: u64,
  capacityBytes: u64,
});

export const nodeReportCodec: Codec<NodeReport> = struct({
  node: nodeIdCodec,
  incarnation: incarnationCodec,
  silentMs: f64,
  configVersion: u32,
  configError: optional(text(1024)),
  targets: list(targetReportCodec, REPORT_LIMITS.targetsMax),
});
