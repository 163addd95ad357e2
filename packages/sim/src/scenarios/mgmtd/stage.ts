/** Everything that one run of the cluster managers' scenario is made of. */
import { MemoryStore, MemoryStoreState } from "@smallpond/fs-core";
import { SharedStore } from "../../store/shared-store.ts";
import type { KnobValues } from "../../world/knobs.ts";
import type { SimWorld } from "../../world/world.ts";
import type { Bug } from "../mind/bugs.ts";
import { MIND_KNOBS } from "../mind/mind-knobs.ts";
import { ChainOracle } from "./chain-oracle.ts";
import { type PlannedChain, type PlannedTarget, planCluster } from "./operator-program.ts";
import type { TargetDisk } from "./storage-host.ts";

export const STORE = "store";
/** Numbers of storage nodes begin above those of cluster managers. */
export const FIRST_STORAGE_NODE = 11;

const OWN_KNOBS = {
  minds: { default: 3, min: 1, max: 3 },
  nodes: { default: 4, min: 2, max: 6 },
  chains: { default: 3, min: 1, max: 6 },
  replicas: { default: 2, min: 1, max: 4 },
  syncMs: { default: 100, min: 10, max: 1000 },
  supervised: { default: 0, min: 0, max: 1, fraction: true },
  whimMs: { default: 3000, min: 300, max: 10_000 },
  trafficMs: { default: 20, min: 5, max: 100 },
  faultMs: { default: 25_000, min: 5000, max: 60_000 },
  quietMs: { default: 2000, min: 200, max: 8000 },
  strikeMs: { default: 2500, min: 100, max: 12_000 },
} as const;

export const MGMTD_KNOBS: typeof MIND_KNOBS & typeof OWN_KNOBS = { ...MIND_KNOBS, ...OWN_KNOBS };

export interface Stage {
  readonly world: SimWorld;
  readonly bug: Bug;
  readonly knobs: KnobValues<typeof MGMTD_KNOBS>;
  /** Machines by what runs on them. */
  readonly minds: readonly string[];
  readonly stores: readonly string[];
  readonly shared: SharedStore;
  readonly oracle: ChainOracle;
  readonly targets: readonly PlannedTarget[];
  readonly chains: readonly PlannedChain[];
  /** What survives a storage node's process, by its number. */
  readonly disksOf: (node: number) => readonly TargetDisk[];
  /** What the operator has brought about. */
  readonly done: { setUp: boolean; tidy: boolean };
}

export function newStage(world: SimWorld, bug: Bug): Stage {
  const knobs = world.knobs(MGMTD_KNOBS);
  const { readMs, writeMs, storeTimeoutMs: timeoutMs } = knobs;
  const inner = new MemoryStore({ state: new MemoryStoreState() });
  const shared = new SharedStore({ world, inner }, { machine: STORE, readMs, writeMs, timeoutMs });
  const names = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  const [minds, stores] = [names("m", knobs.minds), names("s", knobs.nodes)];
  for (const name of [...minds, ...stores, "op"]) world.addMachine(name, { clockDriftMax: knobs.clockDrift });
  const { targets, chains } = planCluster(world.random.fork("plan"), {
    nodes: knobs.nodes,
    firstNode: FIRST_STORAGE_NODE,
    chains: knobs.chains,
    replicas: Math.min(knobs.replicas, knobs.nodes),
  });
  const disks = targets.map(({ id }): TargetDisk => ({ id, writes: new Set<number>(), lost: false }));
  return {
    world,
    bug,
    knobs,
    minds,
    stores,
    shared,
    oracle: new ChainOracle({ world }),
    targets,
    chains,
    disksOf: (node) => disks.filter((_, index) => targets[index]!.node === node),
    done: { setUp: false, tidy: false },
  };
}
