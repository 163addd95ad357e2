/**
 * What a replica of a chain needs of those who check sessions, repair chunks and bring others up to date, and what it offers
 * to them. `ChainReplica` is the replica.
 */
import type { SignalOptions } from "@smallpond/base";
import type { ChainId, ChainVersion, TargetId } from "../../ids.ts";
import type { Capability, CapabilityUse } from "../../service/capability.ts";
import type { CallContext, CallOptions, Method } from "../../wire/rpc/method.ts";
import type { ChunkStore } from "../chunk-store.ts";
import type { ChunkKey } from "../model/chunk.ts";
import type { ChainAt, TrafficClass } from "../protocol/common.ts";
import type { ChainNote } from "../protocol/forward.ts";
import type { DoneOrRefused } from "../protocol/outcome.ts";
import type {
  FetchAnswer,
  FetchQuestion,
  SyncEndQuestion,
  SyncListAnswer,
  SyncListQuestion,
  SyncNotesQuestion,
} from "../protocol/sync.ts";
import type { Role } from "./role.ts";

/** Whether a capability allows something at one target. Synchronous: what it says holds for the turn it is asked in. */
export interface SessionGate {
  /**
   * What the bytes grant; they are borrowed. Throws a `PondError` with the code of the refusal: `CAPABILITY_FORGED`,
   * `CAPABILITY_EXPIRED`, `CAPABILITY_WRONG`, or `SESSION_REVOKED` if the store has noted that.
   */
  check(store: ChunkStore, capability: Uint8Array, use: CapabilityUse): Capability;
}

/** Told of damage; repairs it in the background, each chunk once at a time, many bounded. Never throws. */
export interface Repairer {
  damaged(replica: ReplicaView, key: ChunkKey): void;
}

/**
 * Brings the successor of a tail up to date, once; resolves when it has said that it is. Rejects when that failed: it is
 * called again after a pause, for as long as this version of the chain lasts; then the signal aborts.
 */
export interface Resync {
  run(replica: ReplicaView, options: { readonly signal: AbortSignal }): Promise<void>;
}

/**
 * The other end. The replica is the one that syncs, in the version that was asked for, and takes part; whoever calls has
 * checked that.
 */
export interface SyncSink {
  /**
   * Before anything of this version is done with a replica that syncs, `FORWARD` and `NOTE` as well: what it remembers of
   * earlier ones is void. What is noted before that would be forgotten with it. At once when it has been done.
   */
  begin(replica: ReplicaView, chainVersion: ChainVersion): Promise<void>;
  notes(replica: ReplicaView, question: SyncNotesQuestion): Promise<DoneOrRefused>;
  list(replica: ReplicaView, question: SyncListQuestion): Promise<SyncListAnswer>;
  /** Makes all durable and complete. When it answers `done`, the replica is reported up to date for that version. */
  end(replica: ReplicaView, question: SyncEndQuestion): Promise<DoneOrRefused>;
}

/** For `FETCH`: the replica serves, in the version that was asked for. Bytes go with `context.sendBack`. */
export interface FetchSource {
  fetch(replica: ReplicaView, question: FetchQuestion, context: CallContext): Promise<FetchAnswer>;
}

export interface AskOptions extends CallOptions {
  /** Default `control`. */
  readonly trafficClass?: TrafficClass;
}

/** A replica as others see it. */
export interface ReplicaView {
  readonly target: TargetId;
  readonly store: ChunkStore;
  /** In no chain: undefined. */
  readonly chain: ChainId | undefined;
  /** The version taken up; undefined as above. */
  readonly chainVersion: ChainVersion | undefined;
  readonly role: Role;

  /** Whether it may read or write bytes now: its node's lease holds, its disk works, it was not told to let go (I5). */
  takesPart(): boolean;

  /** `chain` and `chainVersion` for a message; throws `CHAIN_CHANGED` where there is none. */
  at(): ChainAt;

  /** Runs with the chunk's turn: no update of it is under way, none begins. Gives up waiting when the signal aborts. */
  withChunk<T>(key: ChunkKey, work: () => Promise<T>, options?: SignalOptions): Promise<T>;

  /**
   * With the chunk's turn: sends the whole committed chunk to the successor, as `replace`. Rejects when that is refused or
   * not answered; false if the chunk is not there. Call it with the turn, or leave `hasTurn` out.
   */
  sendWhole(
    key: ChunkKey,
    options: SignalOptions & { readonly trafficClass?: TrafficClass; readonly hasTurn?: boolean },
  ): Promise<boolean>;

  /** Tells the successor of a note, numbered like all that is passed on. Rejects when it is refused or not answered. */
  sendNote(note: ChainNote, options?: SignalOptions): Promise<void>;

  /** Asks the node of another replica. Rejects with `NOT_READY` if the routing does not say where that is. */
  ask<Q, A>(target: TargetId, method: Method<Q, A>, question: Q, options?: AskOptions): Promise<A>;
}
