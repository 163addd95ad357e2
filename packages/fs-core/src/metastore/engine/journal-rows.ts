/**
 * Rows of the metastore's own: one for each of the last batches, at the batch's version, with its epoch and the commits
 * in it that came from other processes. The last row's version is the store's. A row is written with its batch, so it
 * tells whoever owns the store next which commits happened.
 */
import { type RequestId, requestIdCodec } from "../../ids.ts";
import { type Codec, decode, encode, list, mapped, struct, u8, u64, varint } from "../../wire/codec/index.ts";
import { key, prefixRange, u64Key } from "../keys.ts";
import type { KeyRange, KeyValue, StoreMutation, StoreSnapshot } from "../ordered-store.ts";

export interface JournalRow {
  /** Of the batch's last transaction. */
  readonly version: bigint;
  readonly epoch: bigint;
  readonly commits: readonly JournalCommit[];
}

export interface JournalCommit {
  readonly id: RequestId;
  readonly version: bigint;
}

const FORMAT = 1;
const COMMITS_MAX = 65_536;
const PAGE_ROWS = 1000;

interface JournalValue {
  readonly format: number;
  readonly epoch: bigint;
  /** `before`: how far the commit's version is below the batch's. */
  readonly commits: readonly { readonly id: RequestId; readonly before: number }[];
}

const VALUE: Codec<JournalValue> = struct({
  format: mapped(
    u8,
    (format: number) => format,
    (format, reader) => {
      if (format !== FORMAT) throw reader.bad(`a journal row of format ${format}`);
      return format;
    },
  ),
  epoch: u64,
  commits: list(struct({ id: requestIdCodec, before: varint }), COMMITS_MAX),
});

export function journalMutation({ version, epoch, commits }: JournalRow): StoreMutation {
  const relative = commits.map(({ id, version: own }) => ({ id, before: Number(version - own) }));
  const value = encode(VALUE, { format: FORMAT, epoch, commits: relative });
  return { kind: "set", key: journalKey(version), value };
}

export function journalClearing(version: bigint): StoreMutation {
  return { kind: "clear", key: journalKey(version) };
}

/** The row of the last batch; none in a store that was never written. */
export async function lastJournalRow(snapshot: StoreSnapshot): Promise<JournalRow | undefined> {
  const [last] = await snapshot.range(journalRange(), { limit: 1, reverse: true });
  return last === undefined ? undefined : rowOf(last);
}

/** All rows, the oldest first. */
export async function journalRows(snapshot: StoreSnapshot): Promise<readonly JournalRow[]> {
  const rows: JournalRow[] = [];
  let { begin, end } = journalRange();
  for (;;) {
    const page = await snapshot.range({ begin, end }, { limit: PAGE_ROWS, reverse: false });
    for (const entry of page) rows.push(rowOf(entry));
    if (page.length < PAGE_ROWS) return rows;
    begin = journalKey(rows.at(-1)!.version + 1n);
  }
}

/** What became of the batch of `epoch` that ended with `version`, once no batch of that epoch can be written any more. */
export async function fateOfBatch(
  snapshot: StoreSnapshot,
  batch: { readonly epoch: bigint; readonly version: bigint },
): Promise<BatchFate> {
  const value = await snapshot.get(journalKey(batch.version));
  if (value !== undefined && decode(VALUE, value).epoch === batch.epoch) return "written";
  const [oldest] = await snapshot.range(journalRange(), { limit: 1, reverse: false });
  // The journal loses its oldest rows first.
  if (oldest === undefined || rowOf(oldest).version <= batch.version) return "not-written";
  return "unknown";
}

export type BatchFate = "written" | "not-written" | "unknown";

function journalKey(version: bigint): Uint8Array {
  return key(journalPrefix(), u64Key(version));
}

function journalRange(): KeyRange {
  return prefixRange(journalPrefix());
}

function journalPrefix(): Uint8Array {
  return Uint8Array.of(0xff, 0x4a);
}

function rowOf(entry: KeyValue): JournalRow {
  const { epoch, commits } = decode(VALUE, entry.value);
  const version = bigEndian(entry.key);
  return {
    version,
    epoch,
    commits: commits.map(({ id, before }) => ({ id, version: version - BigInt(before) })),
  };
}

function bigEndian(journalKeyBytes: Uint8Array): bigint {
  const { buffer, byteOffset } = journalKeyBytes;
  return new DataView(buffer, byteOffset).getBigUint64(2);
}
