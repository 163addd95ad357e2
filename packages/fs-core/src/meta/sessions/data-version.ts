/** A file's data is replaced by giving it a version of which no chunk exists, and leaving those of the old to the collector. */
import type { Transaction } from "../../metastore/transaction.ts";
import { decode } from "../../wire/codec/index.ts";
import { charge } from "../inodes/writes.ts";
import type { FileInode } from "../model/inode.ts";
import { putGarbage } from "../rows/garbage-row.ts";
import { counterRow } from "../rows/inode-row.ts";
import { dataVersionKey, inlineKey } from "../rows/keys.ts";

/** A version that the file's data never had. Whoever gives it away without writing the inode sets the row. */
export async function nextDataVersion(transaction: Transaction, file: FileInode): Promise<number> {
  const row = await transaction.get(dataVersionKey(file.id));
  return 1 + Math.max(file.dataVersion, row === undefined ? 0 : Number(decode(counterRow, row)));
}

/**
 * The file with nothing in it, under a new data version; the old chunks are garbage from now on. Nobody may have a
 * session to write it. The caller writes the inode.
 */
export async function emptied(transaction: Transaction, file: FileInode, nowNs: bigint): Promise<FileInode> {
  const dataVersion = await nextDataVersion(transaction, file);
  if (file.inline) {
    transaction.clear(inlineKey(file.id));
  } else {
    putGarbage(transaction, {
      inode: file.id,
      dataVersion: file.dataVersion,
      dueMs: Number(nowNs / 1_000_000n),
      garbage: { kind: "data", layout: file.layout, writer: undefined },
    });
  }
  charge(transaction, file.quota, { bytes: -file.length });
  return {
    ...file,
    length: 0n,
    dataVersion,
    truncateVersion: file.truncateVersion + 1,
    inline: false,
    truncating: false,
    mtimeNs: nowNs,
    ctimeNs: nowNs,
  };
}
