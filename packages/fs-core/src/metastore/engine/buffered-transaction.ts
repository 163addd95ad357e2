/** A transaction in the process that uses it: reads go through its own writes to the snapshot, writes wait for the commit. */
import { assert, InvariantError } from "@smallpond/base";
import { metastoreError } from "../errors.ts";
import { afterText, type KeyText, keyText, type TextRange, userKeyText, userRangeText } from "../key-text.ts";
import type { KeyRange } from "../ordered-store.ts";
import {
  type CommitOptions,
  type CommitOutcome,
  type RangeOptions,
  type RangePage,
  type ReadOptions,
  TRANSACTION_LIMITS,
  type Transaction,
} from "../transaction.ts";
import type { CommitRequest, OpenedSnapshot, TransactionBackend } from "./backend.ts";
import type { BlindStep } from "./blind.ts";
import { mergedRange, writtenValue } from "./merged-range.ts";
import { STAMP_BYTES } from "./stamps.ts";
import { WriteOverlay } from "./write-overlay.ts";

const RANGE_LIMIT_MAX = 1000;

export class BufferedTransaction implements Transaction {
  readonly #backend: TransactionBackend;
  readonly #snapshot: OpenedSnapshot;
  readonly #overlay: WriteOverlay = new WriteOverlay();
  readonly #readPoints: Set<KeyText> = new Set();
  readonly #readRanges: TextRange[] = [];
  #bytes = 0;
  #over = false;

  constructor(deps: { readonly backend: TransactionBackend; readonly snapshot: OpenedSnapshot }) {
    this.#backend = deps.backend;
    this.#snapshot = deps.snapshot;
  }

  async get(key: Uint8Array, options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    const text = userKeyText(key);
    const write = this.#overlay.find(text);
    if (write !== undefined && write.kind !== "blind") return writtenValue(write, undefined);
    if (write === undefined && this.#overlay.isCleared(text)) return undefined;
    if (options.snapshot !== true) this.#readPoint(text);
    const row = await this.#snapshot.get(key);
    return write === undefined ? row : writtenValue(write, row);
  }

  async getMany(
    keys: readonly Uint8Array[],
    options: ReadOptions = {},
  ): Promise<readonly (Uint8Array | undefined)[]> {
    this.#assertOpen();
    const texts = keys.map(userKeyText);
    if (this.#overlay.isEmpty) {
      if (options.snapshot !== true) for (const text of texts) this.#readPoint(text);
      return await this.#snapshot.getMany(keys);
    }
    const fromSnapshot: number[] = [];
    const values = texts.map((text, at) => {
      const write = this.#overlay.find(text);
      if (write !== undefined && write.kind !== "blind") return writtenValue(write, undefined);
      if (write !== undefined || !this.#overlay.isCleared(text)) fromSnapshot.push(at);
      return undefined;
    });
    if (fromSnapshot.length === 0) return values;
    const writes = texts.map((text) => this.#overlay.find(text));
    if (options.snapshot !== true) for (const at of fromSnapshot) this.#readPoint(texts[at]!);
    const rows = await this.#snapshot.getMany(fromSnapshot.map((at) => keys[at]!));
    for (const [index, at] of fromSnapshot.entries()) {
      const write = writes[at];
      values[at] = write === undefined ? rows[index] : writtenValue(write, rows[index]);
    }
    return values;
  }

  async range(range: KeyRange, options: RangeOptions = {}): Promise<RangePage> {
    this.#assertOpen();
    const { limit = RANGE_LIMIT_MAX, reverse = false, snapshot = false } = options;
    assert(Number.isInteger(limit) && limit >= 1, `a range's limit must be at least 1, got ${limit}`);
    assert(limit <= RANGE_LIMIT_MAX, `a range's limit must be at most ${RANGE_LIMIT_MAX}, got ${limit}`);
    const texts = userRangeText(range);
    if (texts.begin >= texts.end) return { entries: [], more: false };
    // One more than asked for tells whether there is more.
    const seen = await mergedRange(this.#snapshot, this.#overlay, {
      range: texts,
      reverse,
      limit: limit + 1,
    });
    const more = seen.length > limit;
    const entries = more ? seen.slice(0, limit) : seen;
    if (!snapshot) this.#readRange(more ? upTo(texts, keyText(entries.at(-1)!.key), reverse) : texts);
    return { entries, more };
  }

  addReadConflict(key: Uint8Array): void {
    this.#assertOpen();
    this.#readPoint(userKeyText(key));
    this.#settleOnSnapshot();
  }

  addReadConflictRange(range: KeyRange): void {
    this.#assertOpen();
    const texts = userRangeText(range);
    if (texts.begin < texts.end) this.#readRange(texts);
    this.#settleOnSnapshot();
  }

  set(key: Uint8Array, value: Uint8Array): void {
    const text = this.#writable(key, value.length);
    this.#overlay.write({ kind: "set", text, key, value });
  }

  clear(key: Uint8Array): void {
    const text = this.#writable(key, 0);
    this.#overlay.write({ kind: "clear", text, key });
  }

  clearRange(range: KeyRange): void {
    this.#assertOpen();
    const texts = userRangeText(range);
    if (texts.begin >= texts.end) return;
    this.#count(range.begin.length + range.end.length);
    this.#overlay.clearRange(texts);
  }

  setVersionstamped(key: Uint8Array, value: Uint8Array): void {
    assert(value.length >= STAMP_BYTES, `a versionstamped value has at least ${STAMP_BYTES} bytes`);
    const text = this.#writable(key, value.length);
    this.#overlay.write({ kind: "stamp", text, key, value });
  }

  add(key: Uint8Array, delta: bigint): void {
    this.#change(key, { kind: "add", operand: delta });
  }

  max(key: Uint8Array, value: bigint): void {
    this.#change(key, { kind: "max", operand: value });
  }

  async commit(options: CommitOptions = {}): Promise<CommitOutcome> {
    this.#assertOpen();
    this.#over = true;
    try {
      options.signal?.throwIfAborted();
      if (this.#overlay.isEmpty) return { kind: "committed", version: 0n };
      return await this.#backend.commit(await this.#request(options), options);
    } finally {
      this.#snapshot.release();
    }
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#snapshot.release();
  }

  async #request({ reserve = false }: CommitOptions): Promise<CommitRequest> {
    return {
      at: await this.#snapshot.pin(),
      readPoints: this.#readPoints,
      readRanges: this.#readRanges,
      cleared: this.#overlay.cleared,
      writes: this.#overlay.writes(),
      bytes: this.#bytes,
      reserve,
    };
  }

  #change(key: Uint8Array, step: BlindStep): void {
    const { operand } = step;
    if (BigInt.asIntN(64, operand) !== operand) {
      throw new InvariantError(`not a signed number of 64 bits: ${operand}`);
    }
    const text = this.#writable(key, 8);
    // What the commit's version and a step make together is nobody's number.
    assert(this.#overlay.find(text)?.kind !== "stamp", "a versionstamped row must not be changed blindly");
    this.#overlay.change(text, key, step);
  }

  #writable(key: Uint8Array, valueBytes: number): KeyText {
    this.#assertOpen();
    if (valueBytes > TRANSACTION_LIMITS.valueBytesMax) {
      throw metastoreError(
        "TRANSACTION_TOO_LARGE",
        `a value of ${valueBytes} bytes; the most is ${TRANSACTION_LIMITS.valueBytesMax}`,
      );
    }
    const text = userKeyText(key);
    this.#count(key.length + valueBytes);
    return text;
  }

  #readPoint(text: KeyText): void {
    if (this.#readPoints.has(text)) return;
    this.#count(text.length);
    this.#readPoints.add(text);
  }

  #readRange(range: TextRange): void {
    this.#count(range.begin.length + range.end.length);
    this.#readRanges.push(range);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= TRANSACTION_LIMITS.bytesMax) return;
    throw metastoreError(
      "TRANSACTION_TOO_LARGE",
      `a transaction of ${this.#bytes} bytes; the most is ${TRANSACTION_LIMITS.bytesMax}`,
    );
  }

  /** A conflict without a read needs to know since when; a failure comes again at the commit. */
  #settleOnSnapshot(): void {
    this.#snapshot.pin().catch(() => {});
  }

  #assertOpen(): void {
    assert(!this.#over, "a transaction was used after its end");
  }
}

/** The part of a range that was seen: from where reading began to the last entry. */
function upTo(range: TextRange, last: KeyText, reverse: boolean): TextRange {
  return reverse ? { begin: last, end: range.end } : { begin: range.begin, end: afterText(last) };
}
