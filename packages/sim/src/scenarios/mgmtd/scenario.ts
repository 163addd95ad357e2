/** The cluster manager under everything: several of them over one store, storage nodes without storage, and an operator. */
import { PondError } from "@smallpond/base";
import type { DeadReport } from "@smallpond/fs-core";
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
import type { Checker, Nemesis, Phase, Scenario, ScenarioParts } from "../../scenario/scenario.ts";
import type { SimProcess } from "../../world/process.ts";
import type { SimWorld } from "../../world/world.ts";
import { type Bug, NO_BUG } from "../mind/bugs.ts";
import { mindSettings } from "../mind/mind-knobs.ts";
import { mindProgram } from "../mind/mind-program.ts";
import type { ChainOracle } from "./chain-oracle.ts";
import { operatorProgram } from "./operator-program.ts";
import { FIRST_STORAGE_NODE, newStage, STORE, type Stage } from "./stage.ts";
import { storageProgram } from "./storage-program.ts";
import { supervisorProgram } from "./supervisor-program.ts";

const MARKS: readonly string[] = [
  "a chain serves nobody",
  "a dead node was reported",
  "a target was brought up to date",
  "metastore: took over",
  "mgmtd asked survivors first",
  "mgmtd lost its term",
  "mgmtd took over from a silent primary",
  "mgmtd yielded",
];

const RECOVERY_MS = 120_000;
const RECOVERY_WRITES = 10;

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
  const stage = newStage(world, bug);
  return {
    faultMs: stage.knobs.faultMs,
    workloads: [
      { name: "cluster", start: (phase) => startCluster(stage, phase) },
      { name: "traffic", start: (phase) => startTraffic(stage, phase) },
    ],
    nemeses: mgmtdNemeses(stage),
    checkers: mgmtdCheckers(stage),
  };
}

function startCluster(stage: Stage, phase: Phase): void {
  const { world, bug, knobs, minds, stores, shared, targets, chains, done } = stage;
  const settings = mindSettings(knobs);
  for (const [index, machine] of minds.entries()) {
    const program = mindProgram({ id: index + 1, machine, minds, shared, settings, bug });
    world.machine(machine).run("mind", program);
  }
  for (const [index, machine] of stores.entries()) startStorage(stage, machine, FIRST_STORAGE_NODE + index);
  const operator = operatorProgram({ minds, targets, chains, phase, whimMs: knobs.whimMs, done });
  world.machine("op").run("operator", operator);
}

function startStorage(
  { world, bug, knobs, minds, oracle, disksOf }: Stage,
  machine: string,
  id: number,
): void {
  const slot: { process?: SimProcess } = {};
  const ended: DeadReport[] = [];
  if (knobs.supervised >= 0.5) {
    const supervisor = supervisorProgram({ minds, ended, lookMs: knobs.trafficMs * 10 });
    world.machine(machine).run("supervisor", supervisor);
  }
  const program = storageProgram({
    id,
    machine,
    minds,
    disks: disksOf(id),
    oracle,
    bug,
    ended,
    syncMs: knobs.syncMs,
    process: () => slot.process,
  });
  slot.process = world.machine(machine).run("storage", program);
}

/** Clients that write and read whatever chain they know of, and somebody who sees it all. */
function startTraffic({ world, knobs, oracle }: Stage, phase: Phase): void {
  const random = world.random.fork("traffic");
  const go = (): void => {
    if (phase.over) return;
    oracle.checkServers();
    oracle.write(random);
    oracle.read(random);
    world.scheduler.after(2 * knobs.trafficMs * random.next(), go);
  };
  world.scheduler.after(0, go);
}

function mgmtdNemeses({ knobs, minds, stores, shared, oracle }: Stage): readonly Nemesis[] {
  const timing = { quietMs: knobs.quietMs, strikeMs: knobs.strikeMs };
  const servers = [...minds, ...stores];
  const everywhere = [STORE, ...servers, "op"];
  return [
    partitions(everywhere, timing),
    partitions(stores, timing, "storage partitions"),
    partitions(minds, timing, "manager partitions"),
    badLinks(everywhere, timing),
    kills(servers, timing),
    kills(stores, { ...timing, quietMs: timing.quietMs / 2 }),
    crashesAtCalls(servers, timing),
    pauses(servers, timing),
    powerCuts(stores, timing),
    powerCuts(minds, timing),
    badClocks(servers, timing),
    storeFaults(shared, timing),
    lostDisks(oracle, stores, timing),
  ].map(uniqueNames());
}

function mgmtdCheckers(stage: Stage): readonly Checker[] {
  const { world, oracle, chains, done } = stage;
  const isWhole = (): boolean => {
    const known = oracle.chains();
    const serve = known.every((chain) => chain.targets.every(({ state }) => state === "serving"));
    return done.setUp && done.tidy && known.length === chains.length && serve;
  };
  return [
    {
      name: "all chains are whole",
      when: "healed",
      check: async () => {
        const what = `${chains.length} chains whose replicas all serve`;
        await demandProgress(world, { what, withinMs: RECOVERY_MS, done: isWhole });
        const before = oracle.acknowledgedCount;
        await demandProgress(world, {
          what: `${RECOVERY_WRITES} acknowledged writes`,
          withinMs: RECOVERY_MS,
          done: () => oracle.acknowledgedCount >= before + RECOVERY_WRITES,
        });
      },
    },
    { name: "calm", when: "end", check: () => demandCalm(stage) },
    { name: "leaks", when: "end", check: () => stopAndDemandNoLeaks(world) },
  ];
}

/** Throws `STORM` if nodes were asked for heartbeats more often than a primary looks at chains. */
function demandCalm({ world, knobs, minds }: Stage): void {
  const asked = world.probes.marks.get("mgmtd asked survivors first") ?? 0;
  const looksMax = minds.length * (world.scheduler.nowMs / knobs.judgeMs + 100);
  if (asked <= looksMax) return;
  throw new PondError("STORM", {
    kind: "internal",
    message: `nodes were asked for heartbeats ${asked} times in ${world.scheduler.nowMs.toFixed(0)} ms`,
  });
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
