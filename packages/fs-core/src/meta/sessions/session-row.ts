/** A file that is open to be written: who has it open, and since when. Files that are only read have no row. */

import { toHex } from "@smallpond/base";
import { type ClientId, clientIdCodec, type InodeId, inodeId, type SessionId } from "../../ids.ts";
import { prefixRange } from "../../metastore/keys.ts";
import type { ReadTransaction, Transaction } from "../../metastore/transaction.ts";
import { bool, type Codec, decode, encode, struct, u32, varint, versioned } from "../../wire/codec/index.ts";
import { clientSessionKey, sessionKey } from "../rows/keys.ts";

export interface WriteSession {
  readonly client: ClientId;
  readonly uid: number;
  /** Of the data that it writes. */
  readonly dataVersion: number;
  readonly read: boolean;
  /** Writes only where `reserveAppend` said. */
  readonly append: boolean;
  /** Wall clock, whole milliseconds. */
  readonly openedMs: number;
  /** Being taken away: whatever its client still asks is refused. */
  readonly revoking: boolean;
}

export const writeSessionRow: Codec<WriteSession> = versioned(
  1,
  struct({
    client: clientIdCodec,
    uid: u32,
    dataVersion: u32,
    read: bool,
    append: bool,
    openedMs: varint,
    revoking: bool,
  }),
);

/** Whose session of which file. */
export interface SessionName {
  readonly inode: InodeId;
  readonly session: SessionId;
}

export async function readSession(
  transaction: ReadTransaction,
  { inode, session }: SessionName,
): Promise<WriteSession | undefined> {
  const row = await transaction.get(sessionKey(inode, session));
  return row === undefined ? undefined : decode(writeSessionRow, row);
}

export function putSession(transaction: Transaction, name: SessionName, row: WriteSession): void {
  transaction.set(sessionKey(name.inode, name.session), encode(writeSessionRow, row));
  transaction.set(clientSessionKey(row.client, name.inode, name.session), new Uint8Array(0));
}

export function dropSession(transaction: Transaction, name: SessionName, client: ClientId): void {
  transaction.clear(sessionKey(name.inode, name.session));
  transaction.clear(clientSessionKey(client, name.inode, name.session));
}

/** Write sessions of a file, at most `limit`. */
export async function sessionsOf(
  transaction: ReadTransaction,
  inode: InodeId,
  limit: number,
): Promise<readonly (SessionName & { readonly row: WriteSession })[]> {
  const { entries } = await transaction.range(prefixRange(sessionKey(inode)), { limit });
  return entries.map(({ key, value }) => ({
    inode,
    session: toHex(key.subarray(key.length - 16)) as SessionId,
    row: decode(writeSessionRow, value),
  }));
}

/** Some of a client's sessions. */
export async function sessionsOfClient(
  transaction: ReadTransaction,
  client: ClientId,
  limit: number,
): Promise<readonly SessionName[]> {
  const { entries } = await transaction.range(prefixRange(clientSessionKey(client)), { limit });
  return entries.map(({ key }) => {
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    return {
      inode: inodeId(view.getBigUint64(key.length - 24)),
      session: toHex(key.subarray(key.length - 16)) as SessionId,
    };
  });
}
