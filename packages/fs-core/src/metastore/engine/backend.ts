/** What a transaction reads from and commits to: the engine in this process, or the owner's in another. */
import type { SignalOptions } from "@smallpond/base";
import type { RequestId } from "../../ids.ts";
import type { KeyText, TextRange } from "../key-text.ts";
import type { KeyRange, KeyValue } from "../ordered-store.ts";
import type { CommitOutcome } from "../transaction.ts";
import type { BlindStep } from "./blind.ts";

export interface TransactionBackend {
  /** The latest state: everything whose commit was acknowledged before this was called. */
  open(options: SignalOptions): Promise<OpenedSnapshot>;
  commit(request: CommitRequest, options: SignalOptions): Promise<CommitOutcome>;
}

/** Reads reject with `TRANSACTION_TOO_OLD` once the snapshot is gone. */
export interface OpenedSnapshot {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  range(
    range: KeyRange,
    options: { readonly limit: number; readonly reverse: boolean },
  ): Promise<readonly KeyValue[]>;
  /** Which state it is; for one that has not been read from, as of now. */
  pin(): Promise<SnapshotPoint>;
  release(): void;
}

/** Versions are of the epoch that gave them: after an unknown outcome the next owner may count differently. */
export interface SnapshotPoint {
  readonly epoch: bigint;
  readonly version: bigint;
}

export type WriteIntent =
  | { readonly kind: "set"; readonly text: KeyText; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: "stamp"; readonly text: KeyText; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: "clear"; readonly text: KeyText; readonly key: Uint8Array }
  | {
      readonly kind: "blind";
      readonly text: KeyText;
      readonly key: Uint8Array;
      readonly steps: readonly BlindStep[];
    };

export interface CommitRequest {
  readonly at: SnapshotPoint;
  readonly readPoints: ReadonlySet<KeyText>;
  readonly readRanges: readonly TextRange[];
  /** Cleared before the writes. */
  readonly cleared: readonly TextRange[];
  /** One for each key. */
  readonly writes: readonly WriteIntent[];
  readonly bytes: number;
  /** It may use the room that a full store keeps back. */
  readonly reserve: boolean;
  /** A commit from another process: the same whenever it is sent again. */
  readonly id?: RequestId;
  /** It was sent before, perhaps to another owner. */
  readonly resent?: boolean;
}
