/** Chunks of a version that no file has: taken away at storage step by step, then the row. */
import type { SignalOptions } from "@smallpond/base";
import { readInodeRow } from "../inodes/reads.ts";
import type { Garbage } from "../rows/garbage-row.ts";
import type { CollectDeps } from "./deps.ts";
import { backoffMs, FAILURES_MAX, type QueuedGarbage, requeue, stillQueued } from "./garbage-queue.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { CollectSettings } from "./settings.ts";

type Data = Extract<Garbage, { readonly kind: "data" }>;

export interface CollectDataDeps extends Pick<CollectDeps, "metastore" | "chunks" | "clock" | "probes"> {
  readonly rate: RateLimit;
}

/** How many chunks went; `done` unless others are to get their turn first. */
export async function collectData(
  deps: CollectDataDeps,
  item: QueuedGarbage,
  settings: Pick<CollectSettings, "chunksPerStep" | "stepsPerTurn" | "retryMs" | "retryMsMax">,
  options: SignalOptions,
): Promise<{ readonly chunks: number; readonly done: boolean }> {
  const { chunks: storage, rate } = deps;
  const { layout, writer } = item.garbage as Data;
  const claimed = await claim(deps, item, backoffMs(item.failures, settings), options);
  if (claimed === undefined) return { chunks: 0, done: true };
  if (writer !== undefined) await storage.revoke([writer], options);
  const data = { inode: item.inode, dataVersion: item.dataVersion, layout };
  const { chunksPerStep: chunksMax, stepsPerTurn } = settings;
  let chunks = 0;
  for (let step = 0; step < stepsPerTurn; step++) {
    const { removed, more } = await storage.removeChunks(data, { ...options, chunksMax });
    chunks += removed;
    await rate.take(removed, options);
    if (!more) {
      await leave(deps, claimed, "gone", options);
      return { chunks, done: true };
    }
  }
  await leave(deps, claimed, "begun", options);
  return { chunks, done: false };
}

/**
 * Moves the item to the time when it is tried again if this fails. So nobody who announced it takes the data over any
 * more, and no other collector does the same meanwhile. Nothing if there is nothing to collect: what a file has is never
 * touched (I11).
 */
function claim(
  { metastore, clock, probes }: CollectDataDeps,
  item: QueuedGarbage,
  retryMs: number,
  options: SignalOptions,
): Promise<QueuedGarbage | undefined> {
  return metastore.transact(
    async (transaction) => {
      const [queued, inode] = await Promise.all([
        stillQueued(transaction, item),
        readInodeRow(transaction, item.inode),
      ]);
      if (!queued) return undefined;
      if (inode?.kind === "file" && !inode.inline && inode.dataVersion === item.dataVersion) {
        probes.mark("meta.garbage.live");
        transaction.clear(item.key);
        return undefined;
      }
      const dueMs = Math.max(clock.wallMs() + retryMs, item.dueMs + 1);
      return requeue(transaction, item, { dueMs, failures: Math.min(item.failures + 1, FAILURES_MAX) });
    },
    { repeatable: true, ...options },
  );
}

/** What was begun goes behind all that is due, so that others get their turn. */
function leave(
  { metastore, clock }: CollectDataDeps,
  claimed: QueuedGarbage,
  outcome: "gone" | "begun",
  options: SignalOptions,
): Promise<void> {
  return metastore.transact(
    async (transaction) => {
      if (!(await stillQueued(transaction, claimed))) return;
      if (outcome === "gone") transaction.clear(claimed.key);
      else requeue(transaction, claimed, { dueMs: clock.wallMs(), failures: 0 });
    },
    { repeatable: true, ...options },
  );
}
