/** What carries operations out: the one thing that differs between libfabric and the memory model. */
import type { Region } from "../memory/lease.ts";
import type { ProviderLimits, RemoteAccess } from "./fabric.ts";

export type OperationKind = "receive" | "send" | "read" | "write";

/** Operations as a driver sees them. */
export interface DriverOperation {
  readonly kind: OperationKind;
  /** What it is known by until its outcome is told; the caller's to choose, one operation at a time. */
  readonly slot: number;
  readonly region: Region;
  /** In the region. */
  readonly offset: number;
  readonly length: number;
  /** At the other side; 0 for messages. */
  readonly address: bigint;
  readonly key: bigint;
}

export interface PostResult {
  /** Operations taken, in order. */
  readonly taken: number;
  /** 0, or why the next one was not: a negative error number, `EAGAIN` for "not now". */
  readonly refused: number;
}

/** Valid during the call that brings it. */
export interface Outcomes {
  readonly count: number;
  /** Below 0 for an outcome that belongs to no operation: the driver must be closed. */
  slot(index: number): number;
  /** Bytes of a message, or 0, or a negative error number. */
  result(index: number): number;
  /** The sender of a message, below 0 when it is not known here. */
  peer(index: number): number;
}

export interface DriverRegion {
  readonly id: number;
  readonly key: bigint;
  readonly base: bigint;
}

export interface RegionPart {
  readonly region: Region;
  readonly offset: number;
  readonly length: number;
}

export interface FabricDriver {
  readonly provider: string;
  readonly address: Uint8Array;
  readonly limits: ProviderLimits;

  /** Where outcomes are told, from the event loop and from `remove`. Once, before the first operation. */
  start(onOutcomes: (outcomes: Outcomes) => void): void;

  /** The number of a peer; the same one for the same address, until `remove`. Throws an Error with an errno `code`. */
  insert(address: Uint8Array): number;
  /** Closes the connection; tells the outcomes of what was under way with it before it returns, where it can. */
  remove(peer: number): void;

  register(part: RegionPart, access: RemoteAccess): DriverRegion;
  unregister(id: number): void;

  /** Hands operations over. For receives the peer means nothing. */
  post(peer: number, operations: readonly DriverOperation[]): PostResult;

  /** Ends everything at once; outcomes are not told any more. Resolves when memory and loop are free. */
  close(): Promise<void>;
}
