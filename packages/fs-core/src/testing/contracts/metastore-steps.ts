/** Steps that the cases of the metastore's contract are made of. */
import { expectEqual } from "@smallpond/base/testing";
import type { CommitOutcome, Metastore, Transaction } from "../../metastore/transaction.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

export function utf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : DECODER.decode(bytes);
}

export function range(begin: string, end: string): { readonly begin: Uint8Array; readonly end: Uint8Array } {
  return { begin: utf8(begin), end: utf8(end) };
}

/** Rows as `key=value`. */
export function rowsOf({
  entries,
}: {
  readonly entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[];
}): readonly string[] {
  return entries.map(({ key, value }) => `${textOf(key)}=${textOf(value)}`);
}

/** Writes rows given as `key=value`, and removes those given as `key`. */
export async function put(metastore: Metastore, ...rows: readonly string[]): Promise<void> {
  await metastore.transact(async (transaction) => write(transaction, ...rows));
}

export function write(transaction: Transaction, ...rows: readonly string[]): void {
  for (const row of rows) {
    const [key, value] = row.split("=");
    if (value === undefined) transaction.clear(utf8(key!));
    else transaction.set(utf8(key!), utf8(value));
  }
}

export async function get(metastore: Metastore, key: string): Promise<string | undefined> {
  return textOf(await metastore.transact((transaction) => transaction.get(utf8(key))));
}

/** All rows of users. */
export async function all(metastore: Metastore): Promise<readonly string[]> {
  return rowsOf(await metastore.transact((transaction) => transaction.range(range("", "\uffff"))));
}

export async function number(metastore: Metastore, key: string): Promise<bigint | undefined> {
  const bytes = await metastore.transact((transaction) => transaction.get(utf8(key)));
  return bytes === undefined ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true);
}

export function expectCommitted(outcome: CommitOutcome): void {
  expectEqual(outcome.kind, "committed", "the outcome");
}

export function expectConflict(outcome: CommitOutcome): void {
  expectEqual(outcome.kind, "conflict", "the outcome");
}
