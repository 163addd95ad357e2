/** What the index knows: states of chunks, the end of a file, lists to compare replicas by. None of it touches the disk. */

import type { ChainVersion } from "../../ids.ts";
import type { DedupeEntry } from "../journal/records.ts";
import { assertFile, type ChunkKey, type ChunkVersion, compareKeys, type FileData } from "../model/chunk.ts";
import type { Pending } from "../store/pending-table.ts";
import type { StoreState } from "../store/state.ts";
import { becomes } from "./update.ts";

export interface ChunkState {
  readonly key: ChunkKey;
  /** What is current; undefined for a chunk that only has a pending version. */
  readonly committed:
    | {
        readonly version: ChunkVersion;
        readonly chainVersion: ChainVersion;
        readonly length: number;
        readonly crc: number;
      }
    | undefined;
  readonly pending:
    | {
        readonly version: ChunkVersion;
        readonly removes: boolean;
        readonly length: number;
        readonly crc: number;
        /** Whose request it is, where it is one. */
        readonly dedupe: DedupeEntry | undefined;
      }
    | undefined;
}

/** Undefined for a chunk that is not there in any version. */
export function stateOf(state: StoreState, key: ChunkKey): ChunkState | undefined {
  const chunk = state.index.get(key);
  const pending = state.pendings.get(key);
  if (chunk === undefined && pending === undefined) return undefined;
  return {
    key,
    committed:
      chunk === undefined
        ? undefined
        : {
            version: chunk.version,
            chainVersion: chunk.chainVersion,
            length: chunk.length,
            crc: chunk.crc,
          },
    pending:
      pending === undefined
        ? undefined
        : { ...becomes(pending), removes: pending.kind === "remove", dedupe: pending.dedupe },
  };
}

export interface LastChunk {
  /** The committed chunk with the highest number of those that have bytes: a truncation empties chunks and leaves them. */
  readonly committed: ChunkState | undefined;
  /** The pending chunk with the highest number of those that will have bytes. */
  readonly pending: ChunkState | undefined;
}

/** Where a file ends, as far as this target knows. */
export function lastChunk(state: StoreState, file: FileData): LastChunk {
  assertFile(file);
  const last = state.index.lastOf(file, { withBytes: true });
  let highest: Pending | undefined;
  for (const pending of state.pendings.ofFile(file)) {
    if (pending.kind === "remove" || pending.length === 0) continue;
    if (highest === undefined || pending.key.chunk > highest.key.chunk) highest = pending;
  }
  return {
    committed: last === undefined ? undefined : stateOf(state, last.key),
    pending: highest === undefined ? undefined : stateOf(state, highest.key),
  };
}

/** Every chunk with a pending version, in order: what a chain settles when it changes. */
export function pendingChunks(state: StoreState): readonly ChunkState[] {
  const keys = state.pendings.all().map(({ key }) => key);
  return keys.sort(compareKeys).map((key) => stateOf(state, key)!);
}

/** At most `limit` chunks from `from` on, in order, those that are only pending among them. */
export function listChunks(
  state: StoreState,
  from: ChunkKey | undefined,
  limit: number,
): readonly ChunkState[] {
  const keys = state.index.pageFrom(from, limit).map(({ key }) => key);
  const isWhole = keys.length < limit;
  const fresh = state.pendings
    .all()
    .map(({ key }) => key)
    .filter((key) => state.index.get(key) === undefined)
    .filter((key) => from === undefined || compareKeys(key, from) >= 0)
    .filter((key) => isWhole || compareKeys(key, keys.at(-1)!) < 0);
  const all = [...keys, ...fresh].sort(compareKeys).slice(0, limit);
  return all.map((key) => stateOf(state, key)!);
}

/** The numbers from `from` to below `to` that the file has no committed chunk for, as runs. */
export function holes(
  state: StoreState,
  file: FileData,
  { from, to }: { readonly from: number; readonly to: number },
): readonly { readonly from: number; readonly to: number }[] {
  assertFile(file);
  const found: { from: number; to: number }[] = [];
  let next = from;
  for (const { key } of state.index.from({ ...file, chunk: from })) {
    if (key.inode !== file.inode || key.dataVersion !== file.dataVersion || key.chunk >= to) break;
    if (key.chunk > next) found.push({ from: next, to: key.chunk });
    next = key.chunk + 1;
  }
  if (next < to) found.push({ from: next, to });
  return found;
}
