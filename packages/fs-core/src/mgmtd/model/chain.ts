/** A chain: the replicas of one group of chunks, in the order in which writes pass through them. */
import {
  type ChainId,
  type ChainVersion,
  chainIdCodec,
  chainVersionCodec,
  type TargetId,
  targetIdCodec,
} from "../../ids.ts";
import { type Codec, list, struct, word } from "../../wire/codec/index.ts";

/**
 * What a replica is to everybody, as the cluster manager decides.
 *
 * - `serving`: has everything; is read and written.
 * - `lastServer`: served in the last version of the chain that anybody served in, so it has everything, and nobody serves.
 * - `syncing`: is written, and being brought up to date by its predecessor; not read.
 * - `waiting`: alive and out of date; waits for its turn to sync.
 * - `offline`: out of date and not alive, or not wanted.
 */
export type TargetState = "serving" | "lastServer" | "syncing" | "waiting" | "offline";

/**
 * What a replica says of itself, or what is known of it when it says nothing.
 *
 * - `upToDate`: alive, and has everything that the chain has in its present version.
 * - `online`: alive, with the data of when it last took part.
 * - `incomplete`: alive, but lost data that it once had acknowledged: a replaced disk, a boot without a sync before.
 * - `offline`: dead, or alive and not taking part, by its own word.
 */
export type LocalState = "upToDate" | "online" | "incomplete" | "offline";

export interface ChainTarget {
  readonly target: TargetId;
  readonly state: TargetState;
}

export interface Chain {
  readonly id: ChainId;
  /** Rises by one whenever the members, their order or their states change. */
  readonly version: ChainVersion;
  /** The head first. Sorted by state: serving, last servers, syncing, waiting, offline. */
  readonly targets: readonly ChainTarget[];
  /** The order that operators want when all serve: spreads heads over nodes. A permutation of the targets. */
  readonly preferred: readonly TargetId[];
}

export const CHAIN_LIMITS: { readonly replicasMax: number } = { replicasMax: 16 };

export const TARGET_STATES: readonly TargetState[] = [
  "serving",
  "lastServer",
  "syncing",
  "waiting",
  "offline",
];
export const LOCAL_STATES: readonly LocalState[] = ["upToDate", "online", "incomplete", "offline"];

export const targetStateCodec: Codec<TargetState> = word([
  "serving",
  "lastServer",
  "syncing",
  "waiting",
  "offline",
]);

export const localStateCodec: Codec<LocalState> = word(["upToDate", "online", "incomplete", "offline"]);

export const chainCodec: Codec<Chain> = struct({
  id: chainIdCodec,
  version: chainVersionCodec,
  targets: list(struct({ target: targetIdCodec, state: targetStateCodec }), CHAIN_LIMITS.replicasMax),
  preferred: list(targetIdCodec, CHAIN_LIMITS.replicasMax),
});
