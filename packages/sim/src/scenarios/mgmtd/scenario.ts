/** The cluster manager under everything: several of them over one store, storage nodes without storage, and an operator. */
import { type DeadReport, MemoryStore, MemoryStoreState } from "@smallpond/fs-core";
import { stopAndDemandNoLeaks } from "../../checkers/leaks.ts";
import { demandProgress } from "../../checkers/progress.ts";
import {
  badClocks,
  badLinks,
  crashesAtCalls,
  kills,
  type NemesisTiming,
  partitions,
  pauses,
  pick,
  powerCuts,
  storeFaults,
  strikeOften,
} from "../../nemeses/index.ts";
import type { Nemesis, Scenario, ScenarioParts } from "../../scenario/scenario.ts";
import { SharedStore } from "../../store/shared-store.ts";
import type { SimProcess } from "../../world/process.ts";
import type { SimWorld } from "../../world/world.ts";
import { type Bug, NO_BUG } from "../mind/bugs.ts";
import { MIND_KNOBS, mindSettings } from "../mind/mind-knobs.ts";
import { mindProgram } from "../mind/mind-program.ts";
import { ChainOracle } from "./chain-oracle.ts";
import { operatorProgram, planCluster } from "./operator-program.ts";
import type { TargetDisk } from "./storage-host.ts";
import { storageProgram } from "./storage-program.ts";
import { supervisorProgram } from "./supervisor-program.ts";

const KNOBS = {
  minds: { default: 3, min: 1, max: 3 },
  nodes: { default: 4, min: 2, max: 6 },
  chains: { default: 3, min: 1, max: 6 },
  replicas: { default: 2, min: 1, max: 4 },
  ...MIND_KNOBS,
  syncMs: { default: 100, min: 10, max: 1000 },
  supervised: { default: 0, min: 0, max: 1, fraction: true },
  whimMs: { default: 3000, min: 300, max: 10_000 },
  trafficMs: { default: 20, min: 5, max: 100 },
  faultMs: { default: 25_000, min: 5000, max: 60_000 },
  quietMs: { default: 2000, min: 200, max: 8000 },
  strikeMs: { default: 2500, min: 100, max: 12_000 },
} as const;

const MARKS: readonly string[] = [
  "a chain serves nobody",
  "a dead node was reported",
  "a target was brought up to date",
  "metastore: took over",
  "mgmtd lost its term",
  "mgmtd took over from a silent primary",
  "mgmtd yielded",
];

const RECOVERY_MS = 120_000;
const STORE = "store";
/** Numbers of storage nodes begin above those of cluster managers. */
const FIRST_STORAGE_NODE = 11;

/** Cluster managers, correct or with a planted bug. */
export function mgmtdScenario(bug: Bug = NO_BUG): Scenario {
  return {
    name: bug === NO_BUG ? "mgmtd" : `mgmtd-${bug.name}`,
    about:
      bug === NO_BUG
        ? "chains of replicas under cluster managers that come and go"
        : `cluster managers with a planted bug: ${bug.name}`,
    canary: bug !== NO_BUG,
    marks: bug === NO_BUG ? MARKS : [],
    build: (world) => build(world, bug),
  };
}

function build(world: SimWorld, bug: Bug): ScenarioParts {
  const knobs = world.knobs(KNOBS);
  const shared = new SharedStore(
    { world, inner: new MemoryStore({ state: new MemoryStoreState() }) },
    { machine: STORE, readMs: knobs.readMs, writeMs: knobs.writeMs, timeoutMs: knobs.storeTimeoutMs },
  );
  const oracle = new ChainOracle({ world });
  const machineNames = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  const minds = machineNames("m", knobs.minds);
  const stores = machineNames("s", knobs.nodes);
  for (const name of [...minds, ...stores, "op"]) world.addMachine(name, { clockDriftMax: knobs.clockDrift });
  const { targets, chains } = planCluster(world.random.fork("plan"), {
    nodes: knobs.nodes,
    firstNode: FIRST_STORAGE_NODE,
    chains: knobs.chains,
    replicas: Math.min(knobs.replicas, knobs.nodes),
  });
  const disks: readonly TargetDisk[] = targets.map(({ id }) => ({
    id,
    writes: new Set<number>(),
    lost: false,
  }));
  const disksOf = (node: number): readonly TargetDisk[] =>
    targets.flatMap((target, index) => (target.node === node ? [disks[index]!] : []));
  const done = { setUp: false, tidy: false };
  const timing = { quietMs: knobs.quietMs, strikeMs: knobs.strikeMs };
  const everywhere = [STORE, ...minds, ...stores, "op"];
  return {
    faultMs: knobs.faultMs,
    workloads: [
      {
        name: "cluster",
        start(phase) {
          for (const [index, machine] of minds.entries()) {
            const settings = mindSettings(knobs);
            world
              .machine(machine)
              .run("mind", mindProgram({ id: index + 1, machine, minds, shared, settings, bug }));
          }
          for (const [index, machine] of stores.entries()) {
            const id = FIRST_STORAGE_NODE + index;
            const slot: { process?: SimProcess } = {};
            const ended: DeadReport[] = [];
            if (knobs.supervised >= 0.5) {
              const supervisor = supervisorProgram({ minds, ended, lookMs: knobs.trafficMs * 10 });
              world.machine(machine).run("supervisor", supervisor);
            }
            slot.process = world.machine(machine).run(
              "storage",
              storageProgram({
                id,
                machine,
                minds,
                disks: disksOf(id),
                oracle,
                bug,
                ended,
                syncMs: knobs.syncMs,
                process: () => slot.process,
              }),
            );
          }
          const operator = operatorProgram({ minds, targets, chains, phase, whimMs: knobs.whimMs, done });
          world.machine("op").run("operator", operator);
        },
      },
      {
        name: "traffic",
        start(phase) {
          const random = world.random.fork("traffic");
          const go = (): void => {
            if (phase.over) return;
            oracle.checkServers();
            oracle.write(random);
            oracle.read(random);
            world.scheduler.after(2 * knobs.trafficMs * random.next(), go);
          };
          world.scheduler.after(0, go);
        },
      },
    ],
    nemeses: [
      partitions(everywhere, timing),
      partitions(stores, timing, "storage partitions"),
      partitions(minds, timing, "manager partitions"),
      badLinks(everywhere, timing),
      kills([...minds, ...stores], timing),
      kills(stores, { quietMs: timing.quietMs / 2, strikeMs: timing.strikeMs }),
      crashesAtCalls([...minds, ...stores], timing),
      pauses([...minds, ...stores], timing),
      powerCuts(stores, timing),
      powerCuts(minds, timing),
      badClocks([...minds, ...stores], timing),
      storeFaults(shared, timing),
      lostDisks(oracle, stores, timing),
    ].map(uniqueNames()),
    checkers: [
      {
        name: "all chains are whole",
        when: "healed",
        check: async () => {
          const what = `${chains.length} chains whose replicas all serve`;
          const whole = (): boolean => {
            const known = oracle.chains();
            const all =
              known.length === chains.length &&
              known.every((chain) => chain.targets.every(({ state }) => state === "serving"));
            return done.setUp && done.tidy && all;
          };
          await demandProgress(world, { what, withinMs: RECOVERY_MS, done: whole });
          const before = oracle.acknowledgedCount;
          const written = (): boolean => oracle.acknowledgedCount > before + 10;
          await demandProgress(world, {
            what: "10 acknowledged writes",
            withinMs: RECOVERY_MS,
            done: written,
          });
        },
      },
      { name: "leaks", when: "end", check: () => stopAndDemandNoLeaks(world) },
    ],
  };
}

/** Replaces disks whose contents others have: the process dies with it and comes back with nothing. */
function lostDisks(oracle: ChainOracle, machines: readonly string[], timing: NemesisTiming): Nemesis {
  return {
    name: "lost disks",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const { random, world } = arena;
        const machine = pick(random, machines);
        const member = oracle.members.find((each) => each.machine === machine);
        const disk = member?.host.disks.find((each) => oracle.mayLose(each));
        if (member === undefined || disk === undefined) return undefined;
        for (const process of world.machine(machine).processes) process.kill("its disk is gone");
        world.note(`target ${disk.id} lost its disk`);
        disk.writes = new Set();
        disk.lost = true;
        return undefined;
      }),
  };
}

/** Nemeses of one kind on several groups of machines are told apart by a number. */
function uniqueNames(): (nemesis: Nemesis) => Nemesis {
  const seen = new Map<string, number>();
  return (nemesis) => {
    const count = (seen.get(nemesis.name) ?? 0) + 1;
    seen.set(nemesis.name, count);
    return count === 1 ? nemesis : { name: `${nemesis.name} ${count}`, run: (arena) => nemesis.run(arena) };
  };
}
