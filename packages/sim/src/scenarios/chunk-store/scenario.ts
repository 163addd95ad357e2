/** The chunk store of one target on a disk that loses what was not synced, tears, fails, fills up and rots. */
import type { ChunkKey, InodeId, StoreBug } from "@smallpond/fs-core";
import { stopAndDemandNoLeaks } from "../../checkers/leaks.ts";
import { demandProgress } from "../../checkers/progress.ts";
import {
  bitRot,
  crashesAtCalls,
  diskErrors,
  fullDisks,
  kills,
  powerCuts,
  slowDisks,
} from "../../nemeses/index.ts";
import type { Nemesis, Scenario, ScenarioParts } from "../../scenario/scenario.ts";
import type { SimWorld } from "../../world/world.ts";
import { ChunkModel } from "./model.ts";
import { storeProgram } from "./program.ts";

const MACHINE = "m";
const KiB = 1024;

const KNOBS = {
  clients: { default: 3, min: 1, max: 5 },
  chunks: { default: 2, min: 1, max: 4 },
  thinkMs: { default: 3, min: 1, max: 30 },
  segmentKiB: { default: 512, min: 384, max: 1024 },
  checkpointKiB: { default: 1024, min: 256, max: 4096 },
  growKiB: { default: 128, min: 16, max: 512 },
  fileKiB: { default: 512, min: 128, max: 4096 },
  sumCacheBytes: { default: 4096, min: 0, max: 65_536 },
  faultMs: { default: 2000, min: 500, max: 4000 },
  quietMs: { default: 200, min: 30, max: 1000 },
  strikeMs: { default: 100, min: 10, max: 500 },
} as const;

const RECOVERY_MS = 15_000;
const RECOVERY_OPERATIONS = 20;

const MARKS: readonly string[] = [
  "chunk store: damage refused",
  "chunk store: filled again after a power cut",
  "store: a torn tail was cut",
  "store: checkpoint written",
  "store: images are written again",
  "store: pending versions were found again",
  "store: space given back",
];

export const STORE_BUGS: readonly StoreBug[] = ["ack-before-sync", "apply-before-redo", "unchecked-read"];

/** The store, correct or with one planted bug. */
export function chunkStoreScenario(bug?: StoreBug): Scenario {
  return {
    name: bug === undefined ? "chunk-store" : `chunk-store-${bug}`,
    about:
      bug === undefined
        ? "chunks of one target on a disk with every fault"
        : `the chunk store with a planted bug: ${bug}`,
    canary: bug !== undefined,
    marks: bug === undefined ? MARKS : [],
    build: (world) => build(world, bug),
  };
}

function build(world: SimWorld, bug: StoreBug | undefined): ScenarioParts {
  const knobs = world.knobs(KNOBS);
  let rots = false;
  let counted = 0;
  const machine = world.addMachine(MACHINE, { diskBytes: 64 * 2 ** 20 });
  const clients = Array.from({ length: knobs.clients }, (_, client) =>
    Array.from({ length: knobs.chunks }, (_, chunk) => new ChunkModel(keyOf(client, chunk))),
  );
  const stage = {
    world,
    clients,
    thinkMs: knobs.thinkMs,
    bug,
    mayRot: () => rots,
    count: () => {
      counted += 1;
    },
    settings: {
      durability: world.random.fork("durability").next() < 0.3 ? ("replicated" as const) : ("fsync" as const),
      flushMs: 20,
      segmentBytes: knobs.segmentKiB * KiB,
      batchBytesMax: 160 * KiB,
      checkpointBytes: knobs.checkpointKiB * KiB,
      shardBytes: 16 * KiB,
      checkpointStepBytes: 16 * KiB,
      stepBytes: 16 * KiB,
      blockFileBytes: knobs.fileKiB * KiB,
      growBytes: knobs.growKiB * KiB,
      reserveBytes: 256 * KiB,
      sumCacheBytes: knobs.sumCacheBytes,
      redoBytesMax: 128 * KiB,
      applyMax: 2,
    },
  };
  const timing = { quietMs: knobs.quietMs, strikeMs: knobs.strikeMs };
  const rotting = bitRot([MACHINE], timing);
  const rot: Nemesis = {
    ...rotting,
    run: (arena) => {
      rots = true;
      return rotting.run(arena);
    },
  };
  const here = [MACHINE];
  return {
    faultMs: knobs.faultMs,
    workloads: [{ name: "chunks", start: (phase) => void machine.run("store", storeProgram(stage, phase)) }],
    nemeses: [
      kills(here, timing),
      crashesAtCalls(here, timing),
      powerCuts(here, timing),
      { ...powerCuts(here, { quietMs: 2 * knobs.quietMs, strikeMs: 20 }), name: "more power cuts" },
      diskErrors(here, timing),
      slowDisks(here, timing),
      fullDisks(here, timing),
      rot,
    ],
    checkers: [
      {
        name: "progress",
        when: "healed",
        check: () => {
          const before = counted;
          const what = `${RECOVERY_OPERATIONS} operations`;
          const done = (): boolean => counted >= before + RECOVERY_OPERATIONS;
          return demandProgress(world, { what, withinMs: RECOVERY_MS, done });
        },
      },
      { name: "leaks", when: "end", check: () => stopAndDemandNoLeaks(world) },
    ],
  };
}

function keyOf(client: number, chunk: number): ChunkKey {
  return { inode: BigInt(1 + (client % 2)) as InodeId, dataVersion: 1, chunk: 10 * client + chunk };
}
