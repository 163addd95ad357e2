/**
 * A directory that was taken out of the namespace with all that is in it: some entries a step. Directories in it are
 * garbage of their own, so that a wide tree is taken apart in many places at once and a deep one in bounded steps.
 */
import type { SignalOptions } from "@smallpond/base";
import { prefixRange } from "../../metastore/keys.ts";
import type { Transaction } from "../../metastore/transaction.ts";
import { decode } from "../../wire/codec/index.ts";
import { readInodeRows } from "../inodes/reads.ts";
import { dropInode, dropLink, putInode } from "../inodes/writes.ts";
import { NO_LOCKS } from "../locks/lock.ts";
import { loadLocks, storeLocks } from "../locks/lock-rows.ts";
import { DETACHED, type Inode } from "../model/inode.ts";
import { putGarbage } from "../rows/garbage-row.ts";
import { entryRow } from "../rows/inode-row.ts";
import { entryKey } from "../rows/keys.ts";
import type { CollectDeps } from "./deps.ts";
import { type QueuedGarbage, stillQueued } from "./garbage-queue.ts";
import type { CollectSettings } from "./settings.ts";

/** `done`: the directory itself is gone. */
export async function collectTree(
  deps: Pick<CollectDeps, "metastore" | "clock">,
  item: QueuedGarbage,
  settings: Pick<CollectSettings, "entriesPerStep" | "stepsPerTurn">,
  options: SignalOptions,
): Promise<{ readonly entries: number; readonly done: boolean }> {
  let entries = 0;
  for (let step = 0; step < settings.stepsPerTurn; step++) {
    const taken = await takeSome(deps, item, settings.entriesPerStep, options);
    if (taken === "done") return { entries, done: true };
    entries += taken;
  }
  return { entries, done: false };
}

function takeSome(
  { metastore, clock }: Pick<CollectDeps, "metastore" | "clock">,
  item: QueuedGarbage,
  limit: number,
  options: SignalOptions,
): Promise<number | "done"> {
  return metastore.transact(
    async (transaction) => {
      const [queued, [directory], page, locks] = await Promise.all([
        stillQueued(transaction, item),
        readInodeRows(transaction, [item.inode]),
        // With a conflict: a file that is made in it at this moment is seen, or is not made.
        transaction.range(prefixRange(entryKey(item.inode, "")), { limit }),
        loadLocks(transaction, item.inode),
      ]);
      if (!queued) return "done";
      if (directory?.kind !== "directory" || directory.parent !== DETACHED) {
        transaction.clear(item.key);
        return "done";
      }
      const nowNs = BigInt(Math.floor(clock.wallMs())) * 1_000_000n;
      const ids = page.entries.map(({ value }) => decode(entryRow, value).inode);
      const inodes = linksGiven(await readInodeRows(transaction, ids));
      for (const { key } of page.entries) transaction.clear(key);
      for (const { inode, links } of inodes) takeAway(transaction, inode, links, nowNs);
      if (page.more) return page.entries.length;
      transaction.clear(item.key);
      storeLocks(transaction, directory.id, locks, NO_LOCKS);
      dropInode(transaction, directory);
      return "done";
    },
    { repeatable: true, ...options },
  );
}

/** Each inode once, with how many of its names go. */
function linksGiven(inodes: readonly (Inode | undefined)[]): readonly { inode: Inode; links: number }[] {
  const given = new Map<bigint, { inode: Inode; links: number }>();
  for (const inode of inodes) {
    if (inode === undefined) continue;
    const known = given.get(inode.id);
    if (known === undefined) given.set(inode.id, { inode, links: 1 });
    else known.links += 1;
  }
  return [...given.values()];
}

function takeAway(transaction: Transaction, inode: Inode, links: number, nowNs: bigint): void {
  if (inode.kind === "directory") {
    putInode(transaction, { ...inode, parent: DETACHED });
    putGarbage(transaction, {
      inode: inode.id,
      dataVersion: 0,
      dueMs: Number(nowNs / 1_000_000n),
      garbage: { kind: "tree", uid: inode.uid },
    });
    return;
  }
  // All names but one are taken off here, and the last as by `unlink`.
  const last = { ...inode, nlink: inode.nlink - (links - 1) };
  dropLink(transaction, last, { nowNs, garbageDelayMs: 0 });
}
