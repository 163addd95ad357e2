/**
 * Where every row of the metadata stands. Four letters, then numbers big endian: all rows of one directory, one inode
 * or one queue stand together and in order. Rows that creates in one directory would fight over are apart from those
 * they read: `DTIM` and `DLNK` of a directory and `QUSE` of a quota are only ever changed blindly.
 */

import { fromHex } from "@smallpond/base";
import type { ClientId, InodeId, RequestId, SessionId } from "../../ids.ts";
import { key, u32Key, u64Key } from "../../metastore/keys.ts";

/** The inode itself. */
export const inodeKey = (id: InodeId): Uint8Array => key("INOD", u64Key(id));
/** A name in a directory; the prefix of all of them without a name. */
export const entryKey = (directory: InodeId, name: string): Uint8Array =>
  key("DENT", u64Key(directory), name);
/** A directory's last change of entries, in nanoseconds, raised by `max`: its mtime and ctime are at least that. */
export const directoryTimeKey = (directory: InodeId): Uint8Array => key("DTIM", u64Key(directory));
/** How many directories are in a directory, changed by `add`. */
export const directoryLinksKey = (directory: InodeId): Uint8Array => key("DLNK", u64Key(directory));
/** The bytes of a small file. */
export const inlineKey = (id: InodeId): Uint8Array => key("INLN", u64Key(id));
/** An extended attribute; the prefix of all of them without a name. */
export const xattrKey = (id: InodeId, name: string): Uint8Array => key("XATR", u64Key(id), name);
/** A write session of a file; the prefix of all of them without a session. */
export const sessionKey = (id: InodeId, session?: SessionId): Uint8Array =>
  key("SESS", u64Key(id), session === undefined ? "" : fromHex(session));
/** The sessions of a client, to find them when it is gone; the prefix of all of them without an inode. */
export const clientSessionKey = (client: ClientId, id?: InodeId, session?: SessionId): Uint8Array =>
  key(
    "CSES",
    fromHex(client),
    id === undefined ? "" : u64Key(id),
    session === undefined ? "" : fromHex(session),
  );
/** All file locks of an inode, in one row. */
export const locksKey = (id: InodeId): Uint8Array => key("LOCK", u64Key(id));
/** Inodes that a client has locks on or waits for. */
export const clientLocksKey = (client: ClientId, id?: InodeId): Uint8Array =>
  key("CLCK", fromHex(client), id === undefined ? "" : u64Key(id));
/** What a lock owner waits for, for the search of deadlocks. */
export const lockWaitKey = (owner: Uint8Array): Uint8Array => key("LWAI", owner);
/** The answer that a request of a client was given. */
export const requestKey = (client: ClientId, request: RequestId): Uint8Array =>
  key("IDEM", fromHex(client), fromHex(request));
/** Requests by the time they were answered, to be forgotten in that order. */
export const requestTimeKey = (atMs: number, client: ClientId, request: RequestId): Uint8Array =>
  key("IDET", u64Key(BigInt(Math.floor(atMs))), fromHex(client), fromHex(request));
/** The next inode id of a shard. */
export const inodeCounterKey = (shard: number): Uint8Array => key("INAL", u32Key(shard));
/** What is to be collected, by shard and the time from when on. */
export const garbageKey = (shard: number, atMs: number, id: InodeId, dataVersion: number): Uint8Array =>
  key("GARB", u32Key(shard), u64Key(BigInt(Math.floor(atMs))), u64Key(id), u32Key(dataVersion));
/** Limits of a quota. */
export const quotaKey = (quota: number): Uint8Array => key("QUOT", u32Key(quota));
/** Bytes and inodes in use, each changed by `add`. */
export const quotaBytesKey = (quota: number): Uint8Array => key("QUSE", u32Key(quota), "b");
export const quotaInodesKey = (quota: number): Uint8Array => key("QUSE", u32Key(quota), "i");
/** A user by number. */
export const userKey = (uid: number): Uint8Array => key("USER", u32Key(uid));
/** A token by the hash of its secret. */
export const tokenKey = (hash: Uint8Array): Uint8Array => key("TOKN", hash);
