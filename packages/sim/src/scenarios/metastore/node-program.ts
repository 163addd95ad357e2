/** A process that shares the store with others and takes over from them, and its clerks. */
import { type NetAddress, Tasks } from "@smallpond/base";
import { type Metastore, MetastoreMetrics, MetastoreNode, Metrics, silentLogger } from "@smallpond/fs-core";
import { testClients, testServer } from "@smallpond/fs-core/testing";
import type { Phase } from "../../scenario/scenario.ts";
import type { SharedStore } from "../../store/shared-store.ts";
import type { Program, Seams } from "../../world/process.ts";
import type { Bug } from "./bugs.ts";
import { Clerk } from "./clerk.ts";
import { type DrawSettings, drawSteps } from "./draw-steps.ts";
import type { Transactions } from "./transactions.ts";

export interface NodeKnobs extends DrawSettings {
  readonly clerks: number;
  readonly thinkMs: number;
  readonly dawdleMs: number;
  readonly transactionMs: number;
  readonly leaseMs: number;
  readonly renewShare: number;
  readonly watchShare: number;
  readonly storeTimeoutMs: number;
  readonly clockDrift: number;
  readonly callMs: number;
  readonly fateMs: number;
  readonly ownerMs: number;
}

export interface NodeOptions {
  readonly machine: string;
  readonly shared: SharedStore;
  readonly transactions: Transactions;
  readonly phase: Phase;
  readonly knobs: NodeKnobs;
  readonly bug: Bug;
}

const PORT = 7100;

export function nodeProgram(options: NodeOptions): Program {
  return async (seams) => {
    const { clock, random, probes, stop } = seams;
    const { machine, shared, knobs, bug } = options;
    const tasks = new Tasks();
    const address: NetAddress = { kind: "tcp", host: machine, port: PORT };
    const store = bug.store(shared.open(seams));
    const clients = testClients({ ...seams, random: random.fork("clients") });
    const { server, router } = testServer({ ...seams, random: random.fork("server") });
    const node = new MetastoreNode(
      {
        store,
        clock,
        probes,
        random: random.fork("metastore"),
        log: silentLogger(),
        metrics: new MetastoreMetrics(new Metrics()),
        callerOf: (to) => bug.caller(clients.to(to)),
      },
      {
        address,
        lease: { ...leaseOf(knobs), ...bug.lease },
        remote: { callMs: knobs.callMs, ownerMsMax: knobs.ownerMs },
      },
    );
    node.register(router);
    await server.listen(address);
    node.start();
    const metastore = bug.metastore(node);
    for (let index = 0; index < knobs.clerks; index++)
      tasks.spawn(() => work(seams, metastore, index, options));
    await Promise.race([tasks.failure, node.failure, aborted(stop)]);
    await tasks.idle();
    await node.close();
    await clients.close();
    await server.close();
    await store.close();
  };
}

function leaseOf(
  knobs: NodeKnobs,
): NonNullable<ConstructorParameters<typeof MetastoreNode>[1]>["lease"] & object {
  return {
    leaseMs: knobs.leaseMs,
    renewMs: knobs.leaseMs * knobs.renewShare,
    watchMs: knobs.leaseMs * knobs.watchShare,
    clockDriftMax: knobs.clockDrift,
    storeMsMax: knobs.storeTimeoutMs * 1.5,
    fateMsMax: knobs.fateMs,
  };
}

async function work(seams: Seams, metastore: Metastore, index: number, options: NodeOptions): Promise<void> {
  const { clock, stop, probes, alive } = seams;
  const { knobs, transactions, phase, machine } = options;
  const random = seams.random.fork(`clerk ${index}`);
  const clerk = new Clerk(
    { metastore, clock, probes, alive, transactions },
    { name: `${machine}.${index}`, transactionMs: knobs.transactionMs, dawdleMs: knobs.dawdleMs },
  );
  while (!stop.aborted && !phase.over) {
    await clock.sleep(2 * knobs.thinkMs * random.next());
    await clerk.run(drawSteps(random, knobs), random);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
