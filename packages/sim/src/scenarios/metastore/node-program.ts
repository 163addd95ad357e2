/** A process that shares the store with others, and its clerks. */
import { Tasks } from "@smallpond/base";
import { LocalMetastore } from "@smallpond/fs-core";
import type { Phase } from "../../scenario/scenario.ts";
import type { SharedStore } from "../../store/shared-store.ts";
import type { Program, Seams } from "../../world/process.ts";
import { Clerk } from "./clerk.ts";
import { type DrawSettings, drawSteps } from "./draw-steps.ts";
import type { Transactions } from "./transactions.ts";

export interface NodeOptions {
  readonly name: string;
  /** All machines, this one too. */
  readonly nodes: readonly string[];
  readonly shared: SharedStore;
  readonly transactions: Transactions;
  readonly phase: Phase;
  readonly knobs: DrawSettings & {
    readonly clerks: number;
    readonly thinkMs: number;
    readonly dawdleMs: number;
    readonly transactionMs: number;
  };
}

export function nodeProgram(options: NodeOptions): Program {
  return async (seams) => {
    const { clock, random, probes, stop } = seams;
    const tasks = new Tasks();
    const store = options.shared.open(seams);
    const metastore = new LocalMetastore({ store, clock, random, probes });
    for (let index = 0; index < options.knobs.clerks; index++) {
      tasks.spawn(() => work(seams, metastore, index, options));
    }
    await Promise.race([tasks.failure, aborted(stop)]);
    await metastore.close();
    await tasks.idle();
    await store.close();
  };
}

async function work(
  seams: Seams,
  metastore: LocalMetastore,
  index: number,
  options: NodeOptions,
): Promise<void> {
  const { clock, stop, probes, alive } = seams;
  const { knobs, transactions, phase } = options;
  const random = seams.random.fork(`clerk ${index}`);
  const clerk = new Clerk(
    { metastore, clock, probes, alive, transactions },
    { name: `${options.name}.${index}`, transactionMs: knobs.transactionMs, dawdleMs: knobs.dawdleMs },
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
