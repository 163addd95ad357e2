/** A side in a process of its own, so that its memory is its own and nothing of one side warms another. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Outcome, Step } from "./benchmark.ts";
import type { FromSide, SideOrder, ToSide } from "./messages.ts";
import { ProcessTree } from "./process-tree.ts";

export interface Round {
  readonly ms: number;
  /** Processor time of the side's whole process tree. */
  readonly cpuSeconds: number;
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
}

export class SideProcess {
  readonly #child: ChildProcess;
  readonly #tree: ProcessTree;
  readonly #label: string;
  #waiting: { resolve: (message: FromSide) => void; reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;

  private constructor(order: SideOrder, nodeArguments: readonly string[]) {
    this.#label = `${order.benchmark}, ${order.side}`;
    this.#child = fork(fileURLToPath(new URL("./side-main.js", import.meta.url)), [JSON.stringify(order)], {
      execArgv: [...process.execArgv, ...nodeArguments],
    });
    this.#tree = new ProcessTree(this.#child.pid ?? 0);
    this.#child.on("message", (message: FromSide) => {
      if (message.kind === "failed") this.#waiting?.reject(new Error(`${this.#label}: ${message.message}`));
      else this.#waiting?.resolve(message);
    });
    this.#child.on("exit", (code, signal) => {
      this.#ended = new Error(`${this.#label}: its process ended (${signal ?? code})`);
      this.#waiting?.reject(this.#ended);
    });
  }

  /** Resolves when the side is open. */
  static async start(order: SideOrder, nodeArguments: readonly string[] = []): Promise<SideProcess> {
    const side = new SideProcess(order, nodeArguments);
    await side.#answer();
    return side;
  }

  /** One round; what it wrote is removed before this returns. */
  async run(round: number): Promise<Round> {
    const before = this.#tree.cpuSeconds();
    const message = await this.#ask({ kind: "run", round });
    if (message.kind !== "ran") throw new Error(`${this.#label}: answered ${message.kind} to run`);
    const cpuSeconds = this.#tree.cpuSeconds() - before;
    await this.#ask({ kind: "tidy", round });
    const { ms, outcome, steps } = message;
    return { ms: outcome.ms ?? ms, cpuSeconds: outcome.cpuSeconds ?? cpuSeconds, outcome, steps };
  }

  /** Ends the process and returns the most memory it and its children held. */
  async close(): Promise<number | null> {
    const peakBytes = this.#tree.peakBytes;
    this.#tree.stop();
    try {
      if (this.#ended === undefined) await this.#ask({ kind: "close" });
    } finally {
      if (this.#ended === undefined) this.#child.kill("SIGKILL");
    }
    return peakBytes;
  }

  #ask(message: ToSide): Promise<FromSide> {
    this.#child.send(message);
    return this.#answer();
  }

  #answer(): Promise<FromSide> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) reject(this.#ended);
      this.#waiting = { resolve, reject };
    });
  }
}
