/** Finds the session that a question is about, and the file. */
import type { ClientId } from "../../ids.ts";
import type { ReadTransaction } from "../../metastore/transaction.ts";
import { type Asked, refused } from "../access/permissions.ts";
import { readInodeRow } from "../inodes/reads.ts";
import type { FileInode } from "../model/inode.ts";
import { readSession, type SessionName, type WriteSession } from "./session-row.ts";

export interface OpenSession {
  readonly file: FileInode;
  readonly row: WriteSession;
}

/** `ESTALE` for one that is closed, being revoked, or whose data was replaced; `EBADF` for another client's. */
export async function requireSession(
  transaction: ReadTransaction,
  name: SessionName,
  client: ClientId,
  asked: Asked,
): Promise<OpenSession> {
  const [row, file] = await Promise.all([
    readSession(transaction, name),
    readInodeRow(transaction, name.inode),
  ]);
  if (row === undefined || row.revoking) throw refused("ESTALE", asked, "its session was closed or revoked");
  if (row.client !== client) throw refused("EBADF", asked, "the session is another client's");
  if (file?.kind !== "file") throw refused("ESTALE", asked);
  return { file, row };
}

/** Throws `ESTALE` if what the session wrote to is not the file's data any more. */
export function requireSameData({ file, row }: OpenSession, asked: Asked): void {
  if (file.dataVersion !== row.dataVersion) {
    throw refused("ESTALE", asked, "all of its data was replaced: open it again");
  }
}
