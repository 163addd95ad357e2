/** Everything that one run of the whole file system is made of. */
import {
  MemoryStore,
  MemoryStoreState,
  type NodeAgent,
  type OrderedStore,
  type TargetId,
} from "@smallpond/fs-core";
import type { NearRooms } from "@smallpond/fs-core/testing";
import { SharedStore } from "../../store/shared-store.ts";
import type { SimWorld } from "../../world/world.ts";
import { type PlannedChain, type PlannedTarget, planCluster } from "../mgmtd/operator-program.ts";
import type { FsBug } from "./bugs.ts";
import type { Names } from "./client/client-program.ts";
import type { FinalFile } from "./client/verifier-program.ts";
import { CHUNK_BYTES, DISK_BYTES, FS_KNOBS, type FsKnobs, isNear } from "./fs-knobs.ts";
import { FileHistory } from "./history/file-history.ts";
import { ReplicaOracle } from "./replica-oracle.ts";
import { Watch } from "./watch.ts";

export const STORE = "store";
export const VERIFIER = "v";
/** Numbers of storage nodes begin above those of minds. */
export const FIRST_STORAGE_NODE = 11;

export interface Stage {
  readonly world: SimWorld;
  readonly bug: FsBug | undefined;
  readonly knobs: FsKnobs;
  /** Machines by what runs on them. */
  readonly minds: readonly string[];
  readonly stores: readonly string[];
  readonly clients: readonly string[];
  readonly shared: SharedStore;
  readonly store: OrderedStore;
  readonly targets: readonly PlannedTarget[];
  readonly chains: readonly PlannedChain[];
  readonly names: Names;
  readonly history: FileHistory;
  readonly oracle: ReplicaOracle;
  readonly watch: Watch;
  /** Of minds by where they are; those that are dead know what they knew. */
  readonly agents: Map<string, NodeAgent>;
  /** Where processes meet who show each other memory, if they do. */
  readonly near: NearRooms | undefined;
  /** Targets that were made once. */
  readonly formatted: Set<TargetId>;
  /** What has come about. */
  readonly done: { setUp: boolean; tidy: boolean; rots: boolean; files: readonly FinalFile[] | undefined };
}

/** Steps that one act of a client may have, each as long as an operation may be. */
const STEPS = 6;

export function newStage(world: SimWorld, bug: FsBug | undefined): Stage {
  const knobs = world.knobs(FS_KNOBS);
  const nowMs = (): number => world.scheduler.nowMs;
  const store = new MemoryStore({ state: new MemoryStoreState() });
  const { readMs, writeMs, storeTimeoutMs: timeoutMs } = knobs;
  const shared = new SharedStore({ world, inner: store }, { machine: STORE, readMs, writeMs, timeoutMs });
  const [minds, stores] = [namesOf("m", knobs.minds), namesOf("s", knobs.nodes)];
  const clients = namesOf("c", knobs.clients);
  const clockDriftMax = knobs.clockDrift;
  for (const name of [...minds, ...clients, VERIFIER, "op"]) world.addMachine(name, { clockDriftMax });
  for (const name of stores) world.addMachine(name, { clockDriftMax, diskBytes: DISK_BYTES });
  const { targets, chains } = planCluster(world.random.fork("plan"), {
    nodes: knobs.nodes,
    firstNode: FIRST_STORAGE_NODE,
    chains: knobs.chains,
    replicas: Math.min(knobs.replicas, knobs.nodes),
  });
  return {
    world,
    bug,
    knobs,
    minds,
    stores,
    clients,
    shared,
    store,
    targets,
    chains,
    names: { written: namesOf("/f", knobs.files), appended: namesOf("/a", 1) },
    history: new FileHistory({ nowMs }, { chunkBytes: CHUNK_BYTES }),
    oracle: new ReplicaOracle(),
    watch: new Watch({ world }, { longestMs: STEPS * knobs.operationMs + 5000 }),
    agents: new Map(),
    near: isNear(knobs) ? new Map() : undefined,
    formatted: new Set(),
    done: { setUp: false, tidy: false, rots: false, files: undefined },
  };
}

function namesOf(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}
