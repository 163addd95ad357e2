/**
 * Where every row of the metadata stands. Four letters, then numbers big endian: all rows of one directory, one inode
 * or one queue stand together and in order. Rows that creates in one directory would fight over are apart from those
 * they read: `DTIM` and `DLNK` of a directory and `QUSE` of a quota are only ever changed blindly.
 */

import { fromHex } from "@smallpond/base";
import type { ClientId, InodeId, RequestId, SessionId } from "../../ids.ts";
import { key } from "../../metastore/keys.ts";

/** The inode itself. */
export const inodeKey = (id: InodeId): Uint8Array => key("INOD", id);
/** A name in a directory; the prefix of all of them without a name. */
export const entryKey = (directory: InodeId, name: string): Uint8Array => key("DENT", directory, name);
/** A directory's last change of entries, in nanoseconds, raised by `max`: its mtime and ctime are at least that. */
export const directoryTimeKey = (directory: InodeId): Uint8Array => key("DTIM", directory);
/** How many directories are in a directory, changed by `add`. */
export const directoryLinksKey = (directory: InodeId): Uint8Array => key("DLNK", directory);
/** The bytes of a small file. */
export const inlineKey = (id: InodeId): Uint8Array => key("INLN", id);
/** An extended attribute; the prefix of all of them without a name. */
export const xattrKey = (id: InodeId, name: string): Uint8Array => key("XATR", id, name);
/** A write session of a file; the prefix of all of them without a session. */
export const sessionKey = (id: InodeId, session?: SessionId): Uint8Array =>
  key("SESS", id, session === undefined ? "" : fromHex(session));
/** The sessions of a client, to find them when it is gone; the prefix of all of them without an inode. */
export const clientSessionKey = (client: ClientId, id?: InodeId, session?: SessionId): Uint8Array =>
  key("CSES", fromHex(client), id === undefined ? "" : id, session === undefined ? "" : fromHex(session));
/** All file locks of an inode, in one row. */
export const locksKey = (id: InodeId): Uint8Array => key("LOCK", id);
/** Inodes that a client has locks on or waits for. */
export const clientLocksKey = (client: ClientId, id?: InodeId): Uint8Array =>
  key("CLCK", fromHex(client), id === undefined ? "" : id);
/** What a lock owner waits for, for the search of deadlocks. */
export const lockWaitKey = (owner: Uint8Array): Uint8Array => key("LWAI", owner);
/**
 * In which slot requests are remembered now: a number that only rises, in the store, so that all services agree on it
 * whatever their clocks show. Missing: 0. A request is looked for in this slot and the one before it.
 */
export const requestSlotKey = (): Uint8Array => key("SLOT");
/** What a request of a client was answered, by the slot; the prefix of a whole slot without a client. */
export const requestKey = (slot: number, client?: ClientId, request?: RequestId): Uint8Array =>
  key(
    "IDEM",
    slot,
    client === undefined ? "" : fromHex(client),
    request === undefined ? "" : fromHex(request),
  );
/** The same request in several slots. */
export function requestKeys(
  slots: readonly number[],
  client: ClientId,
  request: RequestId,
): readonly Uint8Array[] {
  const id = key(fromHex(client), fromHex(request));
  return slots.map((slot) => key("IDEM", slot, id));
}
/** The next inode id of a shard. */
export const inodeCounterKey = (shard: number): Uint8Array => key("INAL", shard);
/** The highest data version that a file was given, if higher than the inode's: a version is never given twice. */
export const dataVersionKey = (id: InodeId): Uint8Array => key("DVER", id);
/** Where the next append of a file that is open goes. */
export const appendKey = (id: InodeId): Uint8Array => key("APPE", id);
/** A client that is gone, and whose sessions and locks are taken away: whatever it still asks is refused. */
export const revokedClientKey = (client: ClientId): Uint8Array => key("CREV", fromHex(client));
/** A metadata service that runs, by the 16 bytes it chose for itself; the prefix of all of them without. */
export const serviceKey = (service?: Uint8Array): Uint8Array => key("MSRV", service ?? "");
/** Queues of what is to be collected. */
export const GARBAGE_SHARDS: number = 64;
export const garbageShard = (id: InodeId): number => Number(id % BigInt(GARBAGE_SHARDS));
const GARBAGE_KINDS = { file: 1, data: 2, tree: 3 } as const;
/**
 * What is to be collected, by shard and the time from when on; the prefix of a queue is `garbagePrefix`. A file and its data
 * may be due at the same time, and who takes the one away must not take the other.
 */
export const garbageKey = (
  atMs: number,
  id: InodeId,
  { kind, dataVersion }: { readonly kind: keyof typeof GARBAGE_KINDS; readonly dataVersion: number },
): Uint8Array =>
  key("GARB", garbageShard(id), BigInt(Math.floor(atMs)), id, dataVersion, GARBAGE_KINDS[kind]);
export const garbagePrefix = (shard: number): Uint8Array => key("GARB", shard);
/** Limits of a quota. */
export const quotaKey = (quota: number): Uint8Array => key("QUOT", quota);
/** Bytes and inodes in use, each changed by `add`. */
export const quotaBytesKey = (quota: number): Uint8Array => key("QUSE", quota, "b");
export const quotaInodesKey = (quota: number): Uint8Array => key("QUSE", quota, "i");
/** A user by number. */
export const userKey = (uid: number): Uint8Array => key("USER", uid);
/** A token by the hash of its secret. */
export const tokenKey = (hash: Uint8Array): Uint8Array => key("TOKN", hash);
