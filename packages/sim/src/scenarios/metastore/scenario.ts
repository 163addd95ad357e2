/** The metastore under everything: several processes over one shared store, each with clerks, and all nemeses. */
import { MemoryStore, MemoryStoreState } from "@smallpond/fs-core";
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
import { type Bug, NO_BUG } from "./bugs.ts";
import { nodeProgram } from "./node-program.ts";
import { Transactions } from "./transactions.ts";

const KNOBS = {
  nodes: { default: 3, min: 1, max: 4 },
  clerks: { default: 2, min: 1, max: 4 },
  keys: { default: 3, min: 1, max: 6 },
  stepsMax: { default: 4, min: 1, max: 8 },
  readShare: { default: 0.3, min: 0, max: 0.7, fraction: true },
  thinkMs: { default: 20, min: 1, max: 200 },
  dawdleMs: { default: 20, min: 1, max: 1000 },
  transactionMs: { default: 2000, min: 200, max: 6000 },
  readMs: { default: 0.2, min: 0.01, max: 5, fraction: true },
  writeMs: { default: 1, min: 0.1, max: 20, fraction: true },
  storeTimeoutMs: { default: 300, min: 50, max: 1500 },
  leaseMs: { default: 1000, min: 200, max: 3000 },
  renewShare: { default: 0.25, min: 0.05, max: 0.8, fraction: true },
  watchShare: { default: 0.1, min: 0.02, max: 0.5, fraction: true },
  fateMs: { default: 3000, min: 100, max: 15_000 },
  ownerMs: { default: 5000, min: 300, max: 15_000 },
  callMs: { default: 500, min: 50, max: 2000 },
  clockDrift: { default: 0.0005, min: 0, max: 0.01, fraction: true },
  faultMs: { default: 8000, min: 2000, max: 20_000 },
  quietMs: { default: 500, min: 50, max: 3000 },
  strikeMs: { default: 1000, min: 50, max: 5000 },
} as const;

const MARKS: readonly string[] = [
  "buggify:rpc.answer-lost",
  "buggify:rpc.overloaded",
  "commit: conflict",
  "commit: unknown",
  "metastore: a batch of unknown outcome was not-written",
  "metastore: a batch of unknown outcome was written",
  "metastore: a batch was fenced",
  "metastore: a batch was unknown",
  "metastore: a commit sent again was committed",
  "metastore: a commit sent again was conflict",
  "metastore: a commit sent again was unknown",
  "metastore: a copy of a commit waits for the first one",
  "metastore: somebody else was first to take over",
  "metastore: took over",
  "store: a write was late",
  "transaction: NOT_OWNER",
  "transaction: STORE_UNREACHABLE",
  "transaction: TRANSACTION_TOO_OLD",
];

const RECOVERY_MS = 30_000;
const RECOVERY_TRANSACTIONS = 20;
const STORE = "store";

/** The metastore, correct or with a planted bug. */
export function metastoreScenario(bug: Bug = NO_BUG): Scenario {
  return {
    name: bug === NO_BUG ? "metastore" : `metastore-${bug.name}`,
    about:
      bug === undefined
        ? "transactions of several processes over one store"
        : `the metastore with a planted bug: ${bug.name}`,
    canary: bug !== NO_BUG,
    marks: bug === NO_BUG ? MARKS : [],
    build: (world) => build(world, bug),
  };
}

function build(world: SimWorld, bug: Bug): ScenarioParts {
  const knobs = world.knobs(KNOBS);
  const transactions = new Transactions({ nowMs: () => world.scheduler.nowMs });
  const store = bug.shared(new MemoryStore({ state: new MemoryStoreState() }));
  const inner = witnessed(store, (batch) => transactions.onApplied(batch));
  const shared = new SharedStore(
    { world, inner },
    { machine: STORE, readMs: knobs.readMs, writeMs: knobs.writeMs, timeoutMs: knobs.storeTimeoutMs },
  );
  const nodes = Array.from({ length: knobs.nodes }, (_, index) => `n${index}`);
  for (const name of nodes) world.addMachine(name, { clockDriftMax: knobs.clockDrift });
  const timing = { quietMs: knobs.quietMs, strikeMs: knobs.strikeMs };
  const everywhere = [STORE, ...nodes];
  return {
    faultMs: knobs.faultMs,
    workloads: [
      {
        name: "transactions",
        start(phase) {
          for (const name of nodes) {
            world
              .machine(name)
              .run("metastore", nodeProgram({ machine: name, shared, transactions, phase, knobs, bug }));
          }
        },
      },
    ],
    nemeses: [
      partitions(everywhere, timing),
      partitions(nodes, timing, "node partitions"),
      badLinks(everywhere, timing),
      kills(nodes, timing),
      crashesAtCalls(nodes, timing),
      pauses(nodes, timing),
      powerCuts(nodes, timing),
      badClocks(nodes, timing),
      storeFaults(shared, timing),
    ],
    checkers: [
      {
        name: "progress",
        when: "healed",
        check: () => {
          const { history } = transactions;
          const before = history.answeredCount;
          const done = (): boolean => history.answeredCount >= before + RECOVERY_TRANSACTIONS;
          return demandProgress(world, {
            what: `${RECOVERY_TRANSACTIONS} transactions`,
            withinMs: RECOVERY_MS,
            done,
          });
        },
      },
      { name: "leaks", when: "end", check: () => stopAndDemandNoLeaks(world) },
      { name: "serializability", when: "end", check: () => transactions.check() },
    ],
  };
}
