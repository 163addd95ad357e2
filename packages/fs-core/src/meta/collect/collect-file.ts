/** A file without a name: its rows go in one step, and what is left is its chunks, which are garbage of their own. */
import type { SignalOptions } from "@smallpond/base";
import { readInodeRow } from "../inodes/reads.ts";
import { dropInode } from "../inodes/writes.ts";
import { NO_LOCKS } from "../locks/lock.ts";
import { loadLocks, storeLocks } from "../locks/lock-rows.ts";
import { putGarbage } from "../rows/garbage-row.ts";
import { sessionsOf } from "../sessions/session-row.ts";
import type { CollectDeps } from "./deps.ts";
import { type QueuedGarbage, requeue, stillQueued } from "./garbage-queue.ts";
import type { CollectSettings } from "./settings.ts";

/** `kept`: somebody writes it; it has moved to a later time. */
export type CollectedFile = "gone" | "kept";

export function collectFile(
  { metastore, clock }: Pick<CollectDeps, "metastore" | "clock">,
  item: QueuedGarbage,
  settings: Pick<CollectSettings, "openRetryMs">,
  options: SignalOptions,
): Promise<CollectedFile> {
  return metastore.transact(
    async (transaction) => {
      const [queued, file, sessions, locks] = await Promise.all([
        stillQueued(transaction, item),
        readInodeRow(transaction, item.inode),
        // With a conflict: whoever opens it at this moment and this do not both commit.
        sessionsOf(transaction, item.inode, 1),
        loadLocks(transaction, item.inode),
      ]);
      if (!queued) return "gone";
      const nowMs = clock.wallMs();
      if (file?.kind !== "file" || file.nlink > 0) {
        transaction.clear(item.key);
        return "gone";
      }
      if (sessions.length > 0) {
        requeue(transaction, item, { dueMs: nowMs + settings.openRetryMs, failures: item.failures });
        return "kept";
      }
      transaction.clear(item.key);
      storeLocks(transaction, file.id, locks, NO_LOCKS);
      dropInode(transaction, file);
      if (!file.inline) {
        const { id: inode, dataVersion, layout } = file;
        const garbage = { kind: "data", layout, writer: undefined } as const;
        putGarbage(transaction, { inode, dataVersion, dueMs: nowMs, garbage });
      }
      return "gone";
    },
    { repeatable: true, ...options },
  );
}
