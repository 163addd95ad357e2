/** Who is the primary cluster manager. Every transaction that changes anything of ours reads this row (I6). */
import type { NetAddress } from "@smallpond/base";
import { type NodeId, nodeIdCodec } from "../../ids.ts";
import { bool, type Codec, struct, u32, u64, versioned } from "../../wire/codec/index.ts";
import { addressesCodec, type Incarnation, incarnationCodec } from "../model/node.ts";

export interface LeaseRow {
  /** Rises by one with each new primary. From 1. */
  readonly term: bigint;
  readonly node: NodeId;
  readonly incarnation: Incarnation;
  readonly addresses: readonly NetAddress[];
  /** Rises with each renewal: a row that stands still for a lease has no holder. */
  readonly renewals: bigint;
  /** How long the holder may act after it began a renewal, by its own clock. */
  readonly leaseMs: number;
  /** The longest lease that nodes may have been granted, by this holder or one before it. */
  readonly nodeLeaseMs: number;
  /** The holder gave it up: there is nothing to wait for. */
  readonly released: boolean;
}

export const leaseRow: Codec<LeaseRow> = versioned(
  1,
  struct({
    term: u64,
    node: nodeIdCodec,
    incarnation: incarnationCodec,
    addresses: addressesCodec,
    renewals: u64,
    leaseMs: u32,
    nodeLeaseMs: u32,
    released: bool,
  }),
);
