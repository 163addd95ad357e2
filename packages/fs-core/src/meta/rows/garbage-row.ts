/** What the collector has to take away. The key says of which inode, and from when on. */
import { type InodeId, type SessionId, sessionIdCodec } from "../../ids.ts";
import type { Transaction } from "../../metastore/transaction.ts";
import { type Codec, encode, optional, struct, u16, u32, union, versioned } from "../../wire/codec/index.ts";
import type { Layout } from "../model/inode.ts";
import { layoutCodec } from "./inode-row.ts";
import { garbageKey } from "./keys.ts";

export type Garbage =
  /** A file without links: its chunks, and when no session is left all of its rows. Key's `dataVersion` is its own. */
  | { readonly kind: "file" }
  /** Chunks of the key's `dataVersion` alone: the file lives on with other data, or is no row any more. */
  | {
      readonly kind: "data";
      readonly layout: Layout;
      /** Who alone wrote them and may still try: revoked first, so that no late write brings a chunk back. */
      readonly writer: SessionId | undefined;
    }
  /** A directory that was detached with all that is in it; its `dataVersion` in the key is 0. */
  | { readonly kind: "tree"; readonly uid: number };

export interface GarbageItem {
  readonly garbage: Garbage;
  /** How often the collector failed at it; it then moves to a later time. */
  readonly failures: number;
}

export interface NewGarbage {
  readonly inode: InodeId;
  readonly dataVersion: number;
  /** From when on it may be taken, by the wall clock. */
  readonly dueMs: number;
  readonly garbage: Garbage;
  readonly failures?: number;
}

/** Queues something for the collector, together with whatever makes it garbage. */
export function putGarbage(transaction: Pick<Transaction, "set">, item: NewGarbage): void {
  const { inode, dataVersion, dueMs, garbage, failures = 0 } = item;
  transaction.set(
    garbageKey(dueMs, inode, { kind: garbage.kind, dataVersion }),
    encode(garbageRow, { garbage, failures }),
  );
}

export const garbageRow: Codec<GarbageItem> = versioned(
  1,
  struct({
    garbage: union({
      file: [1, struct({})],
      data: [2, struct({ layout: layoutCodec, writer: optional(sessionIdCodec) })],
      tree: [3, struct({ uid: u32 })],
    }) as Codec<Garbage>,
    failures: u16,
  }),
);
