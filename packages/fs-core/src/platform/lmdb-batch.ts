/** A batch as the puts and removals it comes to, with its values in one piece of memory of their own. */
import { inRange, type KeyText, keyText, type TextRange } from "../metastore/key-text.ts";
import type { KeyRange, StoreMutation } from "../metastore/ordered-store.ts";

export interface FlatWrite {
  readonly key: Uint8Array;
  /** None: the row is removed. */
  readonly value: Uint8Array | undefined;
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
  keysIn: (range: KeyRange) => Iterable<Uint8Array>,
): FlatBatch {
  const pack = packer(batch);
  const points: FlatWrite[] = [];
  const writes = batch.some(({ kind }) => kind === "clearRange") ? new Map<KeyText, FlatWrite>() : undefined;
  let putBytes = 0;
  for (const mutation of batch) {
    if (mutation.kind === "clearRange") {
      clearRange(writes!, mutation.range, keysIn);
      continue;
    }
    const { key } = mutation;
    const value = mutation.kind === "set" ? pack(mutation.value) : undefined;
    putBytes += value === undefined ? 0 : key.length + value.length;
    if (writes === undefined) points.push({ key, value });
    else writes.set(keyText(key), { key, value });
  }
  return { writes: writes?.values() ?? points, putBytes };
}

function clearRange(
  writes: Map<KeyText, FlatWrite>,
  range: KeyRange,
  keysIn: (range: KeyRange) => Iterable<Uint8Array>,
): void {
  const texts: TextRange = { begin: keyText(range.begin), end: keyText(range.end) };
  for (const [text, { key }] of writes) if (inRange(text, texts)) writes.set(text, { key, value: undefined });
  for (const key of keysIn(range)) writes.set(keyText(key), { key, value: undefined });
}

/** The engine reads values by their addresses while it writes: their owners may be gone by then. */
function packer(batch: readonly StoreMutation[]): (value: Uint8Array) => Uint8Array {
  let bytes = 0;
  for (const mutation of batch) if (mutation.kind === "set") bytes += mutation.value.length;
  const packed = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  return (value) => {
    const place = packed.subarray(at, at + value.length);
    place.set(value);
    at += value.length;
    return place;
  };
}
