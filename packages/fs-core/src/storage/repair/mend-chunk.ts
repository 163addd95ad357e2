/**
 * Mends one chunk: looks whether it is damaged, fetches it from another replica that serves, and takes it over if that is the
 * same version with the same checksum as is committed here (I9). It has the chunk's turn meanwhile, so no update comes between.
 */
import { type Clock, isPondError, type Probes, type SignalOptions } from "@smallpond/base";
import type { BufferPool } from "@smallpond/fs-native";
import type { TargetId } from "../../ids.ts";
import type { ReplicaView } from "../chain/chain-deps.ts";
import type { ChunkKey } from "../model/chunk.ts";
import type { ChunkState } from "../ops/query.ts";
import { FETCH } from "../protocol/methods.ts";
import type { RepairSettings } from "./settings.ts";

export interface MendDeps {
  readonly clock: Clock;
  readonly probes: Probes;
  /** Memory for the bytes of a chunk on its way. */
  readonly pool: Pick<BufferPool, "take">;
  /** For tests of the tests: takes what it is given. */
  readonly bug?: MendBug;
}

export type MendBug = "mend-with-any-version";

export type Mended =
  | { readonly kind: "mended"; readonly from: TargetId }
  /** It can be read. */
  | { readonly kind: "sound" }
  | { readonly kind: "gone" }
  /** Another time: something is on its way, or somebody did not answer. */
  | { readonly kind: "later"; readonly why: string }
  /** Every other replica that serves has said that it has nothing better, or there is none. */
  | { readonly kind: "lost" };

type Committed = NonNullable<ChunkState["committed"]>;

export function mendChunk(
  deps: MendDeps,
  settings: RepairSettings,
  target: { readonly replica: ReplicaView; readonly key: ChunkKey } & SignalOptions,
): Promise<Mended> {
  const { replica, key, signal } = target;
  return replica.withChunk(key, () => mend(deps, settings, target), { signal });
}

async function mend(
  deps: MendDeps,
  settings: RepairSettings,
  { replica, key, signal }: { readonly replica: ReplicaView; readonly key: ChunkKey } & SignalOptions,
): Promise<Mended> {
  const { role, store } = replica;
  if (role.kind !== "serving" || !replica.takesPart()) return { kind: "later", why: "it does not serve" };
  const state = store.state(key);
  if (state === undefined) return { kind: "gone" };
  const { committed, pending } = state;
  if (committed === undefined || pending !== undefined) return { kind: "later", why: "an update is pending" };
  if (await canBeRead(replica, key, committed)) return { kind: "sound" };
  let silent: string | undefined;
  for (const other of role.others) {
    try {
      if (await takeOver(deps, settings, { replica, key, committed, other, signal })) {
        deps.probes.mark("repair: a chunk was mended");
        return { kind: "mended", from: other };
      }
    } catch (error) {
      signal?.throwIfAborted();
      silent = `target ${other}: ${String(error)}`;
    }
  }
  return silent === undefined ? { kind: "lost" } : { kind: "later", why: silent };
}

async function canBeRead({ store }: ReplicaView, key: ChunkKey, { length }: Committed): Promise<boolean> {
  try {
    const read = await store.read(key, { offset: 0, length });
    read?.release();
    return true;
  } catch (error) {
    if (isPondError(error, "CHUNK_CORRUPT") || isPondError(error, "EIO")) return false;
    throw error;
  }
}

/** False where the other one has nothing that helps, now and later; throws where it may yet. */
async function takeOver(
  deps: MendDeps,
  settings: RepairSettings,
  {
    replica,
    key,
    committed,
    other,
    signal,
  }: {
    readonly replica: ReplicaView;
    readonly key: ChunkKey;
    readonly committed: Committed;
    readonly other: TargetId;
  } & SignalOptions,
): Promise<boolean> {
  const { version, length, crc, chainVersion } = committed;
  using lease = await deps.pool.take(Math.max(1, length), { signal });
  let received = 0;
  const answer = await replica.ask(
    other,
    FETCH,
    { ...replica.at(), key },
    {
      into: lease,
      trafficClass: "resync",
      timeoutMs: settings.fetchMs,
      onBulk: (bytes) => {
        received = bytes;
      },
      ...(signal === undefined ? {} : { signal }),
    },
  );
  if (answer.kind === "refused") {
    if (answer.code === "CHUNK_CORRUPT") return false;
    throw new Error(`${answer.code}: ${answer.message}`);
  }
  if (answer.kind === "none") return false;
  if (deps.bug !== "mend-with-any-version") {
    // It commits before or after this one does; the version that is committed here is pending or committed there.
    if (answer.version !== version) throw new Error(`it has version ${answer.version}, not ${version}`);
    if (answer.crc !== crc || answer.length !== length) return false;
  }
  if (received !== answer.length) throw new Error(`${received} of ${answer.length} bytes came`);
  const bytes = lease.view.subarray(0, answer.length);
  // Its checksum is computed anew: what was damaged on the way is refused.
  await replica.store.replace(key, { version: answer.version, chainVersion, bytes, crc: answer.crc });
  return true;
}
