/**
 * Carries a pending update to its end: it is sent to whoever is behind, as all of the chunk, until they have committed it,
 * and then committed here. With the chunk's turn. It goes on over new versions of the chain, for as long as this replica
 * serves; then it rejects, and the update stays pending for whoever decides.
 */
import { isPondError, type SignalOptions } from "@smallpond/base";
import type { ChunkKey } from "../model/chunk.ts";
import type { ChunkAfter } from "../protocol/common.ts";
import type { ForwardItem } from "../protocol/forward.ts";
import { expectSame, passOn } from "./pass-on.ts";
import { identityOf } from "./recorded-answer.ts";
import { refuse } from "./refusals.ts";
import type { Replica, VersionWatch } from "./replica.ts";

export async function settle(replica: Replica, key: ChunkKey, options: SignalOptions = {}): Promise<void> {
  const { clock, random, log } = replica.deps;
  const { retryMsMin, retryMsMax } = replica.settings;
  let pauseMs = retryMsMin;
  for (;;) {
    expectServing(replica);
    using version = replica.watchVersion();
    try {
      return await settleOnce(replica, key, version);
    } catch (error) {
      if (!isPondError(error) || error.kind === "internal") throw error;
      log.debug("an update is not passed on", { inode: key.inode, chunk: key.chunk, error: error.message });
    }
    options.signal?.throwIfAborted();
    await clock.sleep(pauseMs * (0.5 + random.next() / 2), version).catch(() => {});
    // Somebody else may be behind now, who need not wait for what the one before did not take.
    pauseMs = version.signal.aborted ? retryMsMin : Math.min(2 * pauseMs, retryMsMax);
  }
}

async function settleOnce(replica: Replica, key: ChunkKey, watch: VersionWatch): Promise<void> {
  const { store, role } = replica;
  const at = replica.at();
  const pending = store.state(key)?.pending;
  if (pending === undefined || role.kind !== "serving") return;
  const { version } = pending;
  if (role.successor === undefined) return await commit(replica, key, version);
  const latest = await store.readLatest(key).catch((error: unknown) => {
    // Repair waits for what is pending, and this would wait for repair.
    if (isPondError(error, "CHUNK_CORRUPT")) replica.leaveDamaged(key);
    throw error;
  });
  if (latest === undefined || latest.version !== version) {
    latest?.release();
    return;
  }
  try {
    const { chunkLength: length, crc, view: bytes } = latest;
    const forgets = replica.deps.bug === "settle-without-dedupe";
    const dedupe: ForwardItem["dedupe"] = forgets ? undefined : identityOf(pending.dedupe);
    const action = { kind: "replace", length, crc, committedAt: undefined } as const;
    const passing = { at, key, version, action, bytes, dedupe, trafficClass: "foreground" } as const;
    const there = await passOn(replica, role.successor, passing, watch);
    expectSame(replica, key, { version, length, crc }, there);
  } finally {
    latest.release();
  }
  await commit(replica, key, version);
}

/** The update that was settled is what is committed, and nothing that another chain made of the chunk meanwhile. */
export function expectCommitted(replica: Replica, key: ChunkKey, update: ChunkAfter): void {
  const committed = replica.store.state(key)?.committed;
  const isSame =
    committed?.version === update.version &&
    committed.length === update.length &&
    committed.crc === update.crc;
  if (!isSame) throw refuse("UNKNOWN_OUTCOME", `version ${update.version} is not what is committed here`);
}

/** All behind have it. It may have been committed meanwhile, by taking up a version as the tail. */
export async function commit(replica: Replica, key: ChunkKey, version: number): Promise<void> {
  const { chainVersion } = replica.at();
  // All have prepared it durably: after a crash it is pending again, and settled again.
  const outcome = await replica.store.commit(key, version, { chainVersion, mayWait: true });
  if (outcome.kind === "missing") {
    throw refuse("UNKNOWN_OUTCOME", `version ${version} is not pending here any more`);
  }
}

export function expectServing(replica: Replica): void {
  if (replica.role.kind === "serving" && !replica.isClosed && replica.store.failure === undefined) return;
  throw refuse(
    "UNKNOWN_OUTCOME",
    `target ${replica.target} serves no more: the new head knows what became of it`,
  );
}
