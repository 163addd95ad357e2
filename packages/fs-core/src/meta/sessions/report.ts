/** What a client's report of its writes changes about a file. */
import { charge } from "../inodes/writes.ts";
import type { FileInode } from "../model/inode.ts";
import type { OperationContext } from "../operation.ts";
import { judgeLength, type WriteReport } from "./length-hint.ts";
import type { Lengths } from "./lengths.ts";

/** The file with the length that is known now, and the times. The caller writes the inode if it is another. */
export async function reported(
  { transaction, nowNs, deps, signal }: Omit<OperationContext<{ readonly lengths: Lengths }>, "user">,
  file: FileInode,
  report: WriteReport,
): Promise<FileInode> {
  if (!report.wrote) return file;
  // As in `cut`: this try will not commit.
  if (file.truncating) await deps.lengths.endTruncation(file, { signal });
  const verdict = judgeLength(file, report);
  let { length } = verdict;
  if (verdict.kind === "ask") {
    // The inode was read with a conflict: if a truncation begins meanwhile, this is tried again.
    const measured = await deps.lengths.measure(file, { signal });
    if (measured > length) length = measured;
  }
  charge(transaction, file.quota, { bytes: length - file.length });
  return { ...file, length, mtimeNs: nowNs, ctimeNs: nowNs };
}
