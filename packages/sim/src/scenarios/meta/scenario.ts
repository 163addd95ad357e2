/** The metadata service under everything: several of them, with cluster managers and the store's owner in one process each. */
import { MemoryStore, MemoryStoreState, type MetaSettingsChanges } from "@smallpond/fs-core";
import { MemoryChunkState } from "@smallpond/fs-core/testing";
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
import type { Scenario, ScenarioParts } from "../../scenario/scenario.ts";
import { SharedStore } from "../../store/shared-store.ts";
import { witnessed } from "../../store/witnessed.ts";
import type { SimWorld } from "../../world/world.ts";
import { type Bug, NO_BUG } from "../mind/bugs.ts";
import { MIND_KNOBS, mindSettings } from "../mind/mind-knobs.ts";
import { mindProgram } from "../mind/mind-program.ts";
import { appender } from "./appender.ts";
import { AppendsLog } from "./appends-log.ts";
import { chunksOf } from "./chunks.ts";
import { KnownInodes } from "./known-inodes.ts";
import { locker } from "./locker.ts";
import { LocksLog } from "./locks-log.ts";
import { namespaceClient } from "./namespace-client.ts";
import { OperationsLog } from "./operations-log.ts";
import { demandSound, type Garbage, garbageOf } from "./soundness.ts";
import { tableProgram } from "./table-program.ts";

const KNOBS = {
  ...MIND_KNOBS,
  minds: { default: 3, min: 1, max: 3 },
  clients: { default: 4, min: 1, max: 6 },
  appenders: { default: 2, min: 0, max: 3 },
  dataFiles: { default: 1, min: 1, max: 2 },
  lockers: { default: 2, min: 0, max: 3 },
  lockFiles: { default: 1, min: 1, max: 2 },
  lookMs: { default: 1000, min: 50, max: 3000 },
  holdMs: { default: 100, min: 5, max: 1000 },
  thinkMs: { default: 30, min: 1, max: 200 },
  attemptMs: { default: 1000, min: 100, max: 3000 },
  operationMs: { default: 10_000, min: 500, max: 20_000 },
  collectMs: { default: 300, min: 50, max: 2000 },
  // Longer than any client goes on sending a request.
  requestSlotMs: { default: 25_000, min: 21_000, max: 600_000 },
  garbageDelayMs: { default: 500, min: 0, max: 5000 },
  faultMs: { default: 12_000, min: 3000, max: 30_000 },
  quietMs: { default: 1500, min: 100, max: 6000 },
  strikeMs: { default: 1500, min: 100, max: 8000 },
} as const;

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
const STORE = "store";

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
  const knobs = world.knobs(KNOBS);
  const log = new OperationsLog({ nowMs: () => world.scheduler.nowMs });
  const inner = witnessed(new MemoryStore({ state: new MemoryStoreState() }), (batch) =>
    log.onApplied(batch),
  );
  const shared = new SharedStore(
    { world, inner },
    { machine: STORE, readMs: knobs.readMs, writeMs: knobs.writeMs, timeoutMs: knobs.storeTimeoutMs },
  );
  const locks = new LocksLog({ nowMs: () => world.scheduler.nowMs });
  const lockFiles = Array.from({ length: knobs.lockFiles }, (_, index) => `lock${index}`);
  const appends = new AppendsLog();
  const dataFiles = Array.from({ length: knobs.dataFiles }, (_, index) => `data${index}`);
  const appenders = Array.from({ length: knobs.appenders }, (_, index) => `a${index}`);
  const chunks = new MemoryChunkState();
  const known = new KnownInodes(1n);
  const minds = Array.from({ length: knobs.minds }, (_, index) => `m${index}`);
  const clients = Array.from({ length: knobs.clients }, (_, index) => `c${index}`);
  const lockers = Array.from({ length: knobs.lockers }, (_, index) => `l${index}`);
  for (const name of [...minds, ...clients, ...lockers, ...appenders, "op"])
    world.addMachine(name, { clockDriftMax: knobs.clockDrift });
  const timing = { quietMs: knobs.quietMs, strikeMs: knobs.strikeMs };
  const everywhere = [STORE, ...minds, ...clients, ...lockers, ...appenders];
  return {
    faultMs: knobs.faultMs,
    workloads: [
      {
        name: "services",
        start() {
          for (const [index, machine] of minds.entries()) {
            const program = mindProgram({
              id: index + 1,
              machine,
              minds,
              shared,
              settings: { ...mindSettings(knobs), meta: metaSettings(knobs) },
              bug,
              chunks: (seams) => chunksOf(seams, chunks),
            });
            world.machine(machine).run("mind", program);
          }
          world.machine("op").run("operator", tableProgram(minds));
        },
      },
      {
        name: "namespace",
        start(phase) {
          for (const name of clients) {
            const program = namespaceClient({ ...knobs, bug, name, minds, known, log, phase });
            world.machine(name).run("client", program);
          }
        },
      },
      {
        name: "locks",
        start(phase) {
          for (const name of lockers) {
            const program = locker({
              ...knobs,
              bug,
              name,
              minds,
              known,
              log,
              phase,
              locks,
              files: lockFiles,
            });
            world.machine(name).run("locker", program);
          }
        },
      },
      {
        name: "appends",
        start(phase) {
          // Nobody else is told of these files: how long they are is another question than what they are called.
          const own = new KnownInodes(1n);
          for (const name of appenders) {
            const program = appender({
              ...knobs,
              bug,
              name,
              minds,
              known: own,
              log,
              phase,
              appends,
              files: dataFiles,
              chunks,
            });
            world.machine(name).run("appender", program);
          }
        },
      },
      {
        name: "looks",
        start(phase) {
          const random = world.random.fork("looks");
          const look = (): void => {
            if (phase.over) return;
            demandSound(inner).then(
              () => world.scheduler.after(2 * knobs.lookMs * random.next(), look),
              (error: unknown) => world.fail(error),
            );
          };
          look();
        },
      },
    ],
    nemeses: [
      partitions(everywhere, timing),
      partitions([STORE, ...minds], timing, "service partitions"),
      badLinks(everywhere, timing),
      kills(everywhere.slice(1), timing),
      crashesAtCalls(minds, timing),
      pauses(everywhere.slice(1), timing),
      powerCuts(minds, timing),
      badClocks(everywhere.slice(1), timing),
      storeFaults(shared, timing),
    ],
    checkers: [
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
          const files = dataFiles.length;
          let left: Garbage | undefined;
          const done = (): boolean => {
            void garbageOf(inner, world.machine(minds[0]!).oscillator.wallMs()).then((now) => {
              left = now;
            });
            // What was thrown away by a clock that was ahead is not due for as long.
            return left?.due === 0 && (left.later > 0 || chunks.files.size <= files);
          };
          await demandProgress(world, { what: "collecting all garbage", withinMs: RECOVERY_MS, done });
        },
      },
      { name: "fsck", when: "end", check: () => demandSound(inner) },
      { name: "locks", when: "end", check: () => locks.check() },
      { name: "leaks", when: "end", check: () => stopAndDemandNoLeaks(world) },
      { name: "serializability", when: "end", check: () => log.check() },
    ],
  };
}

/** Right on the wall, for what is to be done by the time of day. */
function setClocks(world: SimWorld): void {
  for (const { oscillator } of world.machines) oscillator.jumpWall(-oscillator.wallOffsetMs);
}

function metaSettings(knobs: {
  readonly collectMs: number;
  readonly garbageDelayMs: number;
  readonly requestSlotMs: number;
}): MetaSettingsChanges {
  return {
    namespace: { garbageDelayMs: knobs.garbageDelayMs },
    collect: {
      everyMs: knobs.collectMs,
      openRetryMs: 2000,
      retryMs: 200,
      retryMsMax: 2000,
      entriesPerStep: 3,
    },
    sessions: { clientGraceMs: 400, reapEveryMs: 300, spillMs: 3000 },
    members: { beatMs: 400, deadMs: 2000 },
    locks: { waitMs: 500, lookEveryMs: 50, waiterStaleMs: 3000 },
    space: { everyMs: 2000 },
    sweepEveryMs: 1000,
    requestSlotMs: knobs.requestSlotMs,
  };
}
