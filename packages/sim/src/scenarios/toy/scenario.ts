/** The toy under everything: registers on three replicas, clients that read and update them, and all nemeses. */
import { type Random, Tasks } from "@smallpond/base";
import { History } from "../../checkers/history.ts";
import { stopAndDemandNoLeaks } from "../../checkers/leaks.ts";
import { assertLinearizable } from "../../checkers/linearizability.ts";
import { demandProgress } from "../../checkers/progress.ts";
import { REGISTERS, type RegisterInput, type RegisterOutput } from "../../checkers/register.ts";
import {
  badClocks,
  badLinks,
  badMessages,
  bitRot,
  crashesAtCalls,
  diskErrors,
  fullDisks,
  kills,
  partitions,
  pauses,
  pick,
  powerCuts,
  slowDisks,
} from "../../nemeses/index.ts";
import type { Phase, Scenario, ScenarioParts, Workload } from "../../scenario/scenario.ts";
import type { Program, Seams } from "../../world/process.ts";
import type { SimWorld } from "../../world/world.ts";
import { RegisterClient } from "./client.ts";
import { frameBytes } from "./codec.ts";
import type { Caller } from "./rpc.ts";
import { aborted, callersOf, REPLICA_MACHINES, replicaProgram } from "./service.ts";
import type { Bug } from "./settings.ts";

type RegisterHistory = History<RegisterInput, RegisterOutput>;

const KNOBS = {
  leaseMs: { default: 200, min: 50, max: 1000 },
  heartbeatShare: { default: 0.2, min: 0.05, max: 0.6, fraction: true },
  rpcShare: { default: 0.3, min: 0.1, max: 2, fraction: true },
  batchMax: { default: 16, min: 1, max: 64 },
  clientCount: { default: 3, min: 2, max: 5 },
  keys: { default: 2, min: 1, max: 4 },
  thinkMs: { default: 30, min: 5, max: 200 },
  attemptMs: { default: 100, min: 20, max: 1500 },
  clockDrift: { default: 0.0005, min: 0, max: 0.05, fraction: true },
  faultMs: { default: 5000, min: 1000, max: 8000 },
  quietMs: { default: 300, min: 50, max: 2000 },
  strikeMs: { default: 1000, min: 50, max: 3000 },
} as const;

const OPERATION_MS = 3000;
/** After healing: a connection that waits long, an election or two, and some operations. */
const RECOVERY_MS = 15_000;
const RECOVERY_OPERATIONS = 20;

const MARKS: readonly string[] = [
  "append refused: logs differ",
  "ballot: damage found",
  "buggify:replica: logs a known retry",
  "buggify:rpc: reconnects at once",
  "elected",
  "elected by all, suspects among them",
  "journal: damage found",
  "journal: records of an old epoch dropped",
  "primary deposed",
  "read refused: no lease",
  "retry answered from memory",
  "retry in the log ignored",
  "suspect cleared",
  "vote refused: candidate lacks records",
  "vote refused: promised",
];

/** The toy, correct or with one planted bug. */
export function toyScenario(bug?: Bug): Scenario {
  return {
    name: bug === undefined ? "toy" : `toy-${bug}`,
    about:
      bug === undefined ? "registers on a primary and two backups" : `the toy with a planted bug: ${bug}`,
    canary: bug !== undefined,
    marks: bug === undefined ? MARKS : [],
    build: (world) => build(world, bug),
  };
}

function build(world: SimWorld, bug: Bug | undefined): ScenarioParts {
  const knobs = world.knobs(KNOBS);
  const settings = {
    leaseMs: knobs.leaseMs,
    heartbeatMs: knobs.leaseMs * knobs.heartbeatShare,
    rpcMs: knobs.leaseMs * knobs.rpcShare,
    batchMax: knobs.batchMax,
  };
  for (const [id, name] of REPLICA_MACHINES.entries()) {
    const machine = world.addMachine(name, { clockDriftMax: knobs.clockDrift });
    machine.run("replica", replicaProgram(id, settings, bug));
  }
  const clients = Array.from({ length: knobs.clientCount }, (_, index) => `c${index}`);
  for (const name of clients) world.addMachine(name);

  const history: RegisterHistory = new History({ nowMs: () => world.scheduler.nowMs });
  const timing = { quietMs: knobs.quietMs, strikeMs: knobs.strikeMs };
  const everywhere = [...REPLICA_MACHINES, ...clients];
  return {
    faultMs: knobs.faultMs,
    workloads: [registerWorkload(world, history, { clients, ...knobs })],
    nemeses: [
      partitions(everywhere, timing),
      // Clients that still reach both sides of a cut are the ones who would see two primaries.
      partitions(REPLICA_MACHINES, timing, "replica partitions"),
      badLinks(everywhere, timing),
      badMessages(frameBytes, timing),
      kills(everywhere, timing),
      crashesAtCalls(REPLICA_MACHINES, timing),
      pauses(everywhere, timing),
      powerCuts(REPLICA_MACHINES, timing),
      badClocks(everywhere, timing),
      diskErrors(REPLICA_MACHINES, timing),
      slowDisks(REPLICA_MACHINES, timing),
      fullDisks(REPLICA_MACHINES, timing),
      // Two of three copies have to stay good: only one machine's disk rots in a run.
      bitRot([REPLICA_MACHINES[world.random.fork("rot").int(REPLICA_MACHINES.length)]!], timing),
    ],
    checkers: [
      {
        name: "progress",
        when: "healed",
        check: () => {
          const before = history.answeredCount;
          const done = (): boolean => history.answeredCount >= before + RECOVERY_OPERATIONS;
          const what = `${RECOVERY_OPERATIONS} operations`;
          return demandProgress(world, { what, withinMs: RECOVERY_MS, done });
        },
      },
      { name: "leaks", when: "end", check: () => stopAndDemandNoLeaks(world) },
      {
        name: "linearizability",
        when: "end",
        check: () => assertLinearizable(REGISTERS, history.operations()),
      },
    ],
  };
}

/** Clients that read, write and swap a few registers, every value written once. */
function registerWorkload(
  world: SimWorld,
  history: RegisterHistory,
  options: {
    readonly clients: readonly string[];
    readonly keys: number;
    readonly thinkMs: number;
    readonly attemptMs: number;
  },
): Workload {
  return {
    name: "registers",
    start(phase) {
      for (const [index, name] of options.clients.entries()) {
        const onlyReads = index === 0;
        world.machine(name).run("client", clientProgram({ name, phase, history, onlyReads, ...options }));
      }
    },
  };
}

interface ClientOptions {
  readonly name: string;
  readonly phase: Phase;
  readonly history: RegisterHistory;
  readonly onlyReads: boolean;
  readonly keys: number;
  readonly thinkMs: number;
  readonly attemptMs: number;
}

function clientProgram(options: ClientOptions): Program {
  return async (seams) => {
    const tasks = new Tasks();
    const callers = callersOf(seams, tasks);
    await Promise.race([tasks.failure, act(seams, callers, options)]);
    await Promise.all(callers.map((caller) => caller.close()));
    await tasks.idle();
    await aborted(seams.stop);
  };
}

async function act(seams: Seams, callers: readonly Caller[], options: ClientOptions): Promise<void> {
  const { clock, random, stop } = seams;
  const client = new RegisterClient(
    { clock, random, callers },
    { operationMs: OPERATION_MS, attemptMs: options.attemptMs },
  );
  const lastSeen = new Map<string, string>();
  // One only reads: a client with an update under way waits, and would never see what a deposed primary says.
  const readShare = options.onlyReads ? 1 : pick(random, [0.1, 0.5, 0.9]);
  while (!stop.aborted && !options.phase.over) {
    await clock.sleep(2 * options.thinkMs * random.next());
    const input = drawInput(random, { keys: options.keys, readShare, lastSeen });
    const open = options.history.call(options.name, input);
    const outcome = await (input.kind === "read" ? client.read(input.key) : client.update(input));
    if (!seams.alive()) return;
    if (outcome.kind === "refused") open.refused();
    if (outcome.kind !== "answered") continue;
    open.answered(
      input.kind === "read" ? outcome.value : input.kind === "write" ? true : outcome.value === "yes",
    );
    if (input.kind === "read") lastSeen.set(input.key, outcome.value);
  }
}

function drawInput(
  random: Random,
  options: {
    readonly keys: number;
    readonly readShare: number;
    readonly lastSeen: ReadonlyMap<string, string>;
  },
): RegisterInput {
  const key = `k${random.int(options.keys)}`;
  if (random.next() < options.readShare) return { kind: "read", key };
  const value = random.u64().toString(36);
  if (random.next() < 0.5) return { kind: "write", key, value };
  return { kind: "cas", key, expected: options.lastSeen.get(key) ?? "", value };
}
