/** Everything that one run of the metadata scenario is made of. */
import { MemoryStore, MemoryStoreState, type OrderedStore } from "@smallpond/fs-core";
import { MemoryChunkState } from "@smallpond/fs-core/testing";
import { SharedStore } from "../../store/shared-store.ts";
import { witnessed } from "../../store/witnessed.ts";
import type { SimWorld } from "../../world/world.ts";
import type { Bug } from "../mind/bugs.ts";
import { AppendsLog } from "./appends-log.ts";
import { LocksLog } from "./locks-log.ts";
import { META_KNOBS, type MetaKnobs } from "./meta-knobs.ts";
import { OperationsLog } from "./operations-log.ts";

export const STORE = "store";

export interface Stage {
  readonly world: SimWorld;
  readonly bug: Bug;
  readonly knobs: MetaKnobs;
  /** Machines by what runs on them. */
  readonly minds: readonly string[];
  readonly clients: readonly string[];
  readonly lockers: readonly string[];
  readonly appenders: readonly string[];
  readonly lockFiles: readonly string[];
  readonly dataFiles: readonly string[];
  readonly shared: SharedStore;
  /** The store itself, for checkers. */
  readonly store: OrderedStore;
  readonly chunks: MemoryChunkState;
  readonly log: OperationsLog;
  readonly locks: LocksLog;
  readonly appends: AppendsLog;
}

export function newStage(world: SimWorld, bug: Bug): Stage {
  const knobs = world.knobs(META_KNOBS);
  const nowMs = (): number => world.scheduler.nowMs;
  const log = new OperationsLog({ nowMs });
  const memory = new MemoryStore({ state: new MemoryStoreState() });
  const store = witnessed(memory, (batch) => log.onApplied(batch));
  const { readMs, writeMs, storeTimeoutMs: timeoutMs } = knobs;
  const shared = new SharedStore({ world, inner: store }, { machine: STORE, readMs, writeMs, timeoutMs });
  const names = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  const stage = {
    world,
    bug,
    knobs,
    minds: names("m", knobs.minds),
    clients: names("c", knobs.clients),
    lockers: names("l", knobs.lockers),
    appenders: names("a", knobs.appenders),
    lockFiles: names("lock", knobs.lockFiles),
    dataFiles: names("data", knobs.dataFiles),
    shared,
    store,
    chunks: new MemoryChunkState(),
    log,
    locks: new LocksLog({ nowMs }),
    appends: new AppendsLog(),
  };
  for (const name of [...stage.minds, ...stage.clients, ...stage.lockers, ...stage.appenders, "op"]) {
    world.addMachine(name, { clockDriftMax: knobs.clockDrift });
  }
  return stage;
}
