/** Shortens a file that keeps its data version. Storage follows after the commit: see `Lengths.endTruncation`. */
import { charge } from "../inodes/writes.ts";
import type { FileInode } from "../model/inode.ts";
import type { OperationContext } from "../operation.ts";
import type { Lengths } from "./lengths.ts";

/** The file cut to `length`, which is less than it may have. The caller writes the inode. */
export async function cut(
  { transaction, nowNs, deps, signal }: OperationContext<{ readonly lengths: Lengths }>,
  file: FileInode,
  length: bigint,
): Promise<FileInode> {
  // That changes the row, so this try will not commit: the next one finds the earlier truncation ended.
  if (file.truncating) await deps.lengths.endTruncation(file, { signal });
  charge(transaction, file.quota, { bytes: length - file.length });
  return {
    ...file,
    length,
    truncateVersion: file.truncateVersion + 1,
    truncating: true,
    mtimeNs: nowNs,
    ctimeNs: nowNs,
  };
}
