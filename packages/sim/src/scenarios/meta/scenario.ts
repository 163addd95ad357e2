/** The metadata service under everything: several of them, with cluster managers and the store's owner in one process each. */
import { stopAndDemandNoLeaks } from "../../checkers/leaks.ts";
import { demandProgress } from "../../checkers/progress.ts";
import {
  badClocks,
  badLinks,
  crashesAtCalls,
  kills,
  partitions,
  pauses,
  powerCuts,
  storeFaults,
} from "../../nemeses/index.ts";
import type { Checker, Nemesis, Scenario, ScenarioParts } from "../../scenario/scenario.ts";
import type { SimWorld } from "../../world/world.ts";
import { type Bug, NO_BUG } from "../mind/bugs.ts";
import { demandSound, type Garbage, garbageOf } from "./soundness.ts";
import { newStage, STORE, type Stage } from "./stage.ts";
import { metaWorkloads } from "./workloads.ts";

const MARKS: readonly string[] = [
  "a client was told that it was given up",
  "buggify:rpc.answer-lost",
  "meta.lock.freed",
  "metastore: a batch of unknown outcome was not-written",
  "metastore: a batch of unknown outcome was written",
  "metastore: a commit sent again was committed",
  "metastore: a commit sent again was conflict",
  "metastore: took over",
  "mgmtd took over from a silent primary",
];

const RECOVERY_MS = 60_000;
const RECOVERY_OPERATIONS = 50;

/** The metadata service, correct or with a planted bug. */
export function metaScenario(bug: Bug = NO_BUG): Scenario {
  return {
    name: bug === NO_BUG ? "meta" : `meta-${bug.name}`,
    about:
      bug === NO_BUG
        ? "a namespace and locks, for many clients, over several metadata services"
        : `metadata services with a planted bug: ${bug.name}`,
    canary: bug !== NO_BUG,
    marks: bug === NO_BUG ? MARKS : [],
    build: (world) => build(world, bug),
  };
}

function build(world: SimWorld, bug: Bug): ScenarioParts {
  const stage = newStage(world, bug);
  return {
    faultMs: stage.knobs.faultMs,
    workloads: metaWorkloads(stage),
    nemeses: metaNemeses(stage),
    checkers: metaCheckers(stage),
  };
}

function metaNemeses({ knobs, minds, clients, lockers, appenders, shared }: Stage): readonly Nemesis[] {
  const timing = { quietMs: knobs.quietMs, strikeMs: knobs.strikeMs };
  const machines = [...minds, ...clients, ...lockers, ...appenders];
  return [
    partitions([STORE, ...machines], timing),
    partitions([STORE, ...minds], timing, "service partitions"),
    badLinks([STORE, ...machines], timing),
    kills(machines, timing),
    crashesAtCalls(minds, timing),
    pauses(machines, timing),
    powerCuts(minds, timing),
    badClocks(machines, timing),
    storeFaults(shared, timing),
  ];
}

function metaCheckers({ world, log, locks, store, minds, dataFiles, chunks }: Stage): readonly Checker[] {
  return [
    {
      name: "progress",
      when: "healed",
      check: () => {
        const before = log.history.answeredCount;
        const done = (): boolean => log.history.answeredCount >= before + RECOVERY_OPERATIONS;
        const what = `${RECOVERY_OPERATIONS} operations`;
        return demandProgress(world, { what, withinMs: RECOVERY_MS, done });
      },
    },
    {
      name: "garbage is collected",
      when: "end",
      check: async () => {
        setClocks(world);
        let left: Garbage | undefined;
        const done = (): boolean => {
          void garbageOf(store, world.machine(minds[0]!).oscillator.wallMs()).then((now) => {
            left = now;
          });
          // What was thrown away by a clock that was ahead is not due for as long.
          return left?.due === 0 && (left.later > 0 || chunks.files.size <= dataFiles.length);
        };
        await demandProgress(world, { what: "collecting all garbage", withinMs: RECOVERY_MS, done });
      },
    },
    { name: "fsck", when: "end", check: () => demandSound(store) },
    { name: "locks", when: "end", check: () => locks.check() },
    { name: "leaks", when: "end", check: () => stopAndDemandNoLeaks(world) },
    { name: "serializability", when: "end", check: () => log.check() },
  ];
}

/** Right on the wall, for what is to be done by the time of day. */
function setClocks(world: SimWorld): void {
  for (const { oscillator } of world.machines) oscillator.jumpWall(-oscillator.wallOffsetMs);
}
