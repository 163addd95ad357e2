/** A batch as the puts and removals it comes to, with its values in one piece of memory of their own. */
import { inRange, type KeyText, keyText, type TextRange } from "../metastore/key-text.ts";
import type { KeyRange, StoreMutation } from "../metastore/ordered-store.ts";
import { type RowSeal, SEAL_BYTES } from "./lmdb-seal.ts";

export interface FlatWrite {
  readonly key: Uint8Array;
  /** With its seal. None: the row is removed. */
  readonly row: Uint8Array | undefined;
}

export interface FlatBatch {
  /** In order; a later write of the same key stands. */
  readonly writes: Iterable<FlatWrite>;
  /** Keys and values that are put. */
  readonly putBytes: number;
}

/** `keysIn` are the store's keys before the batch. */
export function flatBatch(
  batch: readonly StoreMutation[],
  seal: RowSeal,
  keysIn: (range: KeyRange) => Iterable<Uint8Array>,
): FlatBatch {
  const pack = packer(batch, seal);
  const points: FlatWrite[] = [];
  const writes = batch.some(({ kind }) => kind === "clearRange") ? new Map<KeyText, FlatWrite>() : undefined;
  let putBytes = 0;
  for (const mutation of batch) {
    if (mutation.kind === "clearRange") {
      clearRange(writes!, mutation.range, keysIn);
      continue;
    }
    const { key } = mutation;
    const row = mutation.kind === "set" ? pack(key, mutation.value) : undefined;
    putBytes += row === undefined ? 0 : key.length + row.length;
    if (writes === undefined) points.push({ key, row });
    else writes.set(keyText(key), { key, row });
  }
  return { writes: writes?.values() ?? points, putBytes };
}

function clearRange(
  writes: Map<KeyText, FlatWrite>,
  range: KeyRange,
  keysIn: (range: KeyRange) => Iterable<Uint8Array>,
): void {
  const texts: TextRange = { begin: keyText(range.begin), end: keyText(range.end) };
  for (const [text, { key }] of writes) if (inRange(text, texts)) writes.set(text, { key, row: undefined });
  for (const key of keysIn(range)) writes.set(keyText(key), { key, row: undefined });
}

/** LMDB reads rows by their addresses while it writes: the owners of the values may be gone by then. */
function packer(
  batch: readonly StoreMutation[],
  seal: RowSeal,
): (key: Uint8Array, value: Uint8Array) => Uint8Array {
  let bytes = 0;
  for (const mutation of batch) if (mutation.kind === "set") bytes += mutation.value.length + SEAL_BYTES;
  const packed = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  return (key, value) => {
    const row = packed.subarray(at, at + value.length + SEAL_BYTES);
    seal.close(row, key, value);
    at += row.length;
    return row;
  };
}
