/** A new version of the chain (docs/chain-protocol.md): what has to be done before it is acted under, and what follows. */
import { isPondError } from "@smallpond/base";
import { keyText } from "../model/chunk.ts";
import type { Replica } from "./replica.ts";
import { settle } from "./settle.ts";

/** Resolves when the replica may act under the version; goes on with the rest by itself. */
export async function takeUp(replica: Replica, signal: AbortSignal): Promise<void> {
  const { role, store, deps } = replica;
  if (store.failure !== undefined) return;
  // A replica that synced may still be writing whole chunks. Whoever compares with it now would not see them, and whoever
  // sends them again would be told that they are committed: nobody would pass them on to a replica that syncs now.
  await replica.arriving.ended();
  // What an earlier version asked for and is being written would come after what this version brings.
  if (role.kind === "syncing") await replica.inFlight.ended();
  if (signal.aborted) return;
  if (role.kind !== "serving") return;
  if (role.isTail) await commitPendings(replica, signal);
  if (signal.aborted) return;
  if (role.isHead && !role.isTail) replica.tasks.spawn(() => settlePendings(replica, signal));
  if (role.successor?.syncs === true) {
    deps.probes.mark("chain: a replica is brought up to date");
    replica.tasks.spawn(() => bringUpToDate(replica, signal));
  }
}

/** The tail before may have committed them and shown them to readers; all that serve before this one have them. */
async function commitPendings(replica: Replica, signal: AbortSignal): Promise<void> {
  const { store, deps } = replica;
  const { clock } = deps;
  const { retryMsMin } = replica.settings;
  const { chainVersion } = replica.at();
  const pendings = store.pendings();
  if (pendings.length > 0) deps.probes.mark("chain: a new tail commits what is pending");
  await eachOf(pendings, replica.settings.commitsMax, async ({ key, pending }) => {
    if (signal.aborted || pending === undefined) return;
    for (;;) {
      try {
        await store.commit(key, pending.version, { chainVersion });
        return;
      } catch (error) {
        // Others keep the store busy; without this one nobody reads.
        if (signal.aborted || !isPondError(error, "STORE_BUSY")) throw error;
      }
      await clock.sleep(retryMsMin, { signal });
    }
  });
}

/** So many at once. */
async function eachOf<T>(all: readonly T[], atOnce: number, work: (each: T) => Promise<void>): Promise<void> {
  const waiting = all[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const each of waiting) await work(each);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
}

/** I13, without anybody's help. */
async function settlePendings(replica: Replica, signal: AbortSignal): Promise<void> {
  const waiting = replica.store.pendings().map(({ key }) => key);
  if (waiting.length > 0) replica.deps.probes.mark("chain: a head settles what is pending");
  await eachOf(waiting, replica.settings.settlesMax, async (key) => {
    if (signal.aborted) return;
    try {
      await replica.withChunk(key, () => settle(replica, key, { signal }));
    } catch (error) {
      if (!signal.aborted && !isPondError(error)) throw error;
      // Whoever writes the chunk next settles it first.
      replica.deps.log.debug("a chunk is not settled", { chunk: keyText(key), error: String(error) });
    }
  });
}

async function bringUpToDate(replica: Replica, signal: AbortSignal): Promise<void> {
  const { resync, clock, random, log } = replica.deps;
  while (!signal.aborted) {
    try {
      return await resync.run(replica, { signal });
    } catch (error) {
      if (signal.aborted) return;
      if (!isPondError(error)) throw error;
      log.warn("resync failed, and is tried again", { target: replica.target, error: String(error) });
    }
    const { resyncPauseMs } = replica.settings;
    await clock.sleep(resyncPauseMs * (0.5 + random.next()), { signal }).catch(() => {});
  }
}
