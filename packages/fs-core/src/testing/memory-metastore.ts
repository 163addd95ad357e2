/** A metastore over memory, for tests of what stands on one. */
import type { Clock, Probes, Random } from "@smallpond/base";
import { LocalMetastore, type LocalMetastoreSettings } from "../metastore/engine/local-metastore.ts";
import { MemoryStore, MemoryStoreState } from "../metastore/memory-store.ts";

export interface MemoryMetastoreDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly probes?: Probes;
  /** What it stands on, to open it again. Default: an empty one. */
  readonly state?: MemoryStoreState;
}

/** It keeps no timers of its own. */
export function openMemoryMetastore(
  { state = new MemoryStoreState(), ...deps }: MemoryMetastoreDeps,
  settings: LocalMetastoreSettings = {},
): LocalMetastore {
  return new LocalMetastore({ ...deps, store: new MemoryStore({ state }) }, settings);
}
