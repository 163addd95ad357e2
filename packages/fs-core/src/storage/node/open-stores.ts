/** Opens the stores of a node's targets, as far as their directories let it. */
import { isPondError } from "@smallpond/base";
import { ChunkStore } from "../chunk-store.ts";
import type { StorageNodeSettings, TargetSettings } from "./settings.ts";
import type { StorageNodeDeps } from "./storage-node.ts";

export interface FoundTarget {
  readonly settings: TargetSettings;
  /** Undefined where it cannot be opened. */
  readonly store: ChunkStore | undefined;
  readonly isDamaged: boolean;
}

type OpenDeps = Pick<StorageNodeDeps, "disk" | "clock" | "crc32c" | "pool" | "probes" | "log" | "bug">;

/** A directory of another cluster or target is refused; what is damaged stays away, and the others go on. */
export async function openStores(
  deps: OpenDeps,
  settings: StorageNodeSettings,
): Promise<readonly FoundTarget[]> {
  const outcomes = await Promise.allSettled(
    settings.targets.map(async (target): Promise<FoundTarget> => {
      try {
        return { settings: target, store: await openTargetStore(deps, settings, target), isDamaged: false };
      } catch (error) {
        if (!isPondError(error) || error.code === "FOREIGN_TARGET") throw error;
        const { directory, id } = target;
        deps.log.error("a target cannot be opened", { target: id, directory, error: error.message });
        return { settings: target, store: undefined, isDamaged: error.code === "STORE_CORRUPT" };
      }
    }),
  );
  const found = outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failed = outcomes.find(({ status }) => status === "rejected");
  if (failed?.status !== "rejected") return found;
  for (const each of found) await each.store?.close();
  throw failed.reason;
}

export function openTargetStore(
  { disk, clock, crc32c: crc, pool: buffers, probes, log, bug }: OpenDeps,
  { clusterId, bootId, store = {} }: StorageNodeSettings,
  { directory, id }: TargetSettings,
): Promise<ChunkStore> {
  return ChunkStore.open({ disk, clock, crc, buffers, probes, log }, store, {
    ...{ directory, cluster: clusterId, target: id, bootId },
    ...(bug?.store && { bug: bug.store }),
  });
}
