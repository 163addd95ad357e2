/** What processes send to the owner of the store: reads of its snapshots, and whole commits. */
import type { RequestId } from "../../ids.ts";
import { requestIdCodec } from "../../ids.ts";
import {
  bool,
  bytes,
  type Codec,
  i64,
  list,
  mapped,
  nothing,
  optional,
  struct,
  u64,
  union,
  varint,
  word,
} from "../../wire/codec/index.ts";
import type { CommitRequest, SnapshotPoint, WriteIntent } from "../engine/backend.ts";
import type { BlindStep } from "../engine/blind.ts";
import { type KeyText, keyText, type TextRange, textKey } from "../key-text.ts";
import type { KeyRange, KeyValue } from "../ordered-store.ts";
import { type CommitOutcome, TRANSACTION_LIMITS } from "../transaction.ts";

const { keyBytesMax, valueBytesMax, bytesMax } = TRANSACTION_LIMITS;
/** A transaction of the most bytes has at most this many parts: none is shorter than a byte. */
const PARTS_MAX = bytesMax;
/** Keys of one read. */
export const READ_KEYS_MAX = 4096;
/** Snapshots given back with one read. */
export const RELEASED_MAX = 1024;
const RANGE_ROWS_MAX = 1001;
const STEPS_MAX = 4096;

const KEY: Codec<Uint8Array> = bytes(keyBytesMax);
const BOUND: Codec<Uint8Array> = bytes(keyBytesMax + 1);
const VALUE: Codec<Uint8Array> = bytes(valueBytesMax);

const KEY_TEXT: Codec<KeyText> = mapped(KEY, textKey, keyText);
const BOUND_TEXT: Codec<KeyText> = mapped(BOUND, textKey, keyText);

const RANGE: Codec<KeyRange> = struct({ begin: BOUND, end: BOUND });
const TEXT_RANGE: Codec<TextRange> = struct({ begin: BOUND_TEXT, end: BOUND_TEXT });
const ROW: Codec<KeyValue> = struct({ key: KEY, value: VALUE });
const POINT: Codec<SnapshotPoint> = struct({ epoch: u64, version: u64 });

export interface ReadQuestion {
  /** None: the latest one, which is kept until it is given back or too old. */
  readonly at: SnapshotPoint | undefined;
  readonly keys: readonly Uint8Array[];
  readonly released: readonly SnapshotPoint[];
}

export interface ReadAnswer {
  readonly at: SnapshotPoint;
  /** Of the first keys, in their order; ask again for the others. */
  readonly values: readonly (Uint8Array | undefined)[];
}

export interface RangeQuestion {
  readonly at: SnapshotPoint | undefined;
  readonly range: KeyRange;
  readonly limit: number;
  readonly reverse: boolean;
  readonly released: readonly SnapshotPoint[];
}

export interface RangeAnswer {
  readonly at: SnapshotPoint;
  readonly rows: readonly KeyValue[];
  /** There may be more within the limit; ask again for what follows. */
  readonly cut: boolean;
}

const RELEASED: Codec<readonly SnapshotPoint[]> = list(POINT, RELEASED_MAX);

export const readQuestion: Codec<ReadQuestion> = struct({
  at: optional(POINT),
  keys: list(KEY, READ_KEYS_MAX),
  released: RELEASED,
});

export const readAnswer: Codec<ReadAnswer> = struct({
  at: POINT,
  values: list(optional(VALUE), READ_KEYS_MAX),
});

export const rangeQuestion: Codec<RangeQuestion> = struct({
  at: optional(POINT),
  range: RANGE,
  limit: varint,
  reverse: bool,
  released: RELEASED,
});

export const rangeAnswer: Codec<RangeAnswer> = struct({
  at: POINT,
  rows: list(ROW, RANGE_ROWS_MAX),
  cut: bool,
});

const STEP: Codec<BlindStep> = struct({ kind: word(["add", "max"]), operand: i64 });

type WireWrite =
  | { readonly kind: "set" | "stamp"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: "clear"; readonly key: Uint8Array }
  | { readonly kind: "blind"; readonly key: Uint8Array; readonly steps: readonly BlindStep[] };

const WIRE_WRITE: Codec<WireWrite> = union({
  set: [1, struct({ key: KEY, value: VALUE })],
  stamp: [2, struct({ key: KEY, value: VALUE })],
  clear: [3, struct({ key: KEY })],
  blind: [4, struct({ key: KEY, steps: list(STEP, STEPS_MAX) })],
}) as Codec<WireWrite>;

const WRITE: Codec<WriteIntent> = mapped(
  WIRE_WRITE,
  (write) => write,
  (write) => ({ ...write, text: keyText(write.key) }) as WriteIntent,
);

/** The whole of a commit; `bytes` is counted by whoever receives it. */
export interface CommitBody extends Omit<CommitRequest, "readPoints" | "bytes"> {
  readonly id: RequestId;
  readonly resent: boolean;
  readonly readPoints: readonly KeyText[];
}

export const commitBody: Codec<CommitBody> = struct({
  id: requestIdCodec,
  resent: bool,
  at: POINT,
  readPoints: list(KEY_TEXT, PARTS_MAX),
  readRanges: list(TEXT_RANGE, PARTS_MAX),
  cleared: list(TEXT_RANGE, PARTS_MAX),
  writes: list(WRITE, PARTS_MAX),
  reserve: bool,
});

/** Bytes of a commit that go in the question; larger ones go beside it. */
export const INLINE_BYTES_MAX: number = 2 * 2 ** 20;

/** A {@link CommitBody}, or nothing when it comes as bulk bytes. */
export const commitQuestion: Codec<Uint8Array> = bytes(INLINE_BYTES_MAX);

export const commitAnswer: Codec<CommitOutcome> = union({
  committed: [1, struct({ version: u64 })],
  conflict: [2, nothingOf()],
  unknown: [3, nothingOf()],
});

function nothingOf(): Codec<object> {
  return mapped(
    nothing,
    () => undefined,
    () => ({}),
  );
}
