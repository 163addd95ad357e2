/** Runs many seeds in parallel child processes and gathers what they found. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RunReport } from "../scenario/run.ts";
import type { FromWorker, SeedDone } from "./job.ts";

export interface ExploreOptions {
  readonly scenario: string;
  readonly from: number;
  readonly seeds: number;
  /** Stops handing out seeds after so long. */
  readonly minutes: number;
  readonly jobs: number;
  /** Stops after so many failing seeds. */
  readonly failuresMax: number;
  readonly onFailure?: (report: RunReport) => void;
  readonly onProgress?: (summary: ExploreSummary) => void;
}

export interface ExploreSummary {
  readonly scenario: string;
  readonly seeds: number;
  readonly failures: readonly RunReport[];
  /** Seeds that ran twice, with equal hashes unless they are among the failures. */
  readonly twice: number;
  readonly meanMs: number;
  readonly maxMs: number;
  readonly meanEvents: number;
  readonly meanVirtualMs: number;
  /** In how many runs each mark was reached. */
  readonly marks: ReadonlyMap<string, number>;
}

/** Small enough to end soon, large enough that handing out costs nothing. */
const BLOCK_SEEDS = 20;

export async function explore(options: ExploreOptions): Promise<ExploreSummary> {
  const tally = new Tally(options.scenario);
  const endMs = performance.now() + options.minutes * 60_000;
  let next = options.from;
  const end = options.from + options.seeds;
  const take = (): { readonly from: number; readonly count: number } | undefined => {
    const stop = next >= end || performance.now() >= endMs || tally.failures.length >= options.failuresMax;
    if (stop) return undefined;
    const from = next;
    next = Math.min(end, from + BLOCK_SEEDS);
    return { from, count: next - from };
  };
  const onSeed = (done: SeedDone): void => {
    tally.add(done);
    if (done.report.failure !== undefined) options.onFailure?.(done.report);
    if (tally.seeds % 500 === 0) options.onProgress?.(tally.summary());
  };
  await Promise.all(Array.from({ length: options.jobs }, () => work(options.scenario, take, onSeed)));
  return tally.summary();
}

/** One child process, given blocks until there are none. */
function work(
  scenario: string,
  take: () => { readonly from: number; readonly count: number } | undefined,
  onSeed: (done: SeedDone) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("./worker.js", import.meta.url)), { execArgv: [] });
    let finished = false;
    const give = (): void => {
      const block = take();
      if (block !== undefined) child.send({ scenario, ...block });
      else {
        finished = true;
        hangUp(child);
      }
    };
    child.on("message", (message: FromWorker) => (message.kind === "seed" ? onSeed(message) : give()));
    child.on("error", reject);
    child.on("exit", (code) => (finished ? resolve() : reject(new Error(`a worker ended with ${code}`))));
    give();
  });
}

function hangUp(child: ChildProcess): void {
  if (child.connected) child.disconnect();
}

class Tally {
  readonly #scenario: string;
  readonly failures: RunReport[] = [];
  readonly #marks: Map<string, number> = new Map();
  seeds = 0;
  #twice = 0;
  #wallMs = 0;
  #maxMs = 0;
  #events = 0;
  #virtualMs = 0;

  constructor(scenario: string) {
    this.#scenario = scenario;
  }

  add({ report, wallMs, twice }: SeedDone): void {
    this.seeds += 1;
    if (twice) this.#twice += 1;
    if (report.failure !== undefined) this.failures.push(report);
    this.#wallMs += wallMs;
    this.#maxMs = Math.max(this.#maxMs, wallMs);
    this.#events += report.events;
    this.#virtualMs += report.virtualMs;
    for (const name of Object.keys(report.marks)) this.#marks.set(name, (this.#marks.get(name) ?? 0) + 1);
  }

  summary(): ExploreSummary {
    const per = Math.max(1, this.seeds);
    return {
      scenario: this.#scenario,
      seeds: this.seeds,
      failures: this.failures,
      twice: this.#twice,
      meanMs: this.#wallMs / per,
      maxMs: this.#maxMs,
      meanEvents: this.#events / per,
      meanVirtualMs: this.#virtualMs / per,
      marks: new Map([...this.#marks].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }
}
