/** One life of a child: a process that says by its first line that it serves, and ends when this process is gone. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Clock, PondError } from "@smallpond/base";
import { SUPERVISED } from "./end-with-parent.ts";

export interface ChildCommand {
  /** For logs and reports; one of a kind in a supervisor. */
  readonly name: string;
  readonly command: string;
  /** The process prints one line when it serves, and calls `endWithParent`. */
  readonly args: readonly string[];
  /** Added to this process's. */
  readonly env?: Readonly<Record<string, string>>;
  /** `inherit` by default: its log is this process's. */
  readonly stderr?: "inherit" | "ignore";
}

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class SupervisedChild {
  readonly name: string;
  /** Resolves when it has ended for certain, however that came. */
  readonly ended: Promise<ChildEnd>;
  /** Its first line, once there is one. */
  readonly ready: Promise<string>;
  readonly #child: ChildProcess;
  #line: string | undefined;

  constructor({ name, command, args, env = {}, stderr = "inherit" }: ChildCommand) {
    this.name = name;
    this.#child = spawn(command, args, {
      // What it reads ends with this process, whatever that died of.
      stdio: ["pipe", "pipe", stderr],
      env: { ...process.env, ...env, [SUPERVISED]: "1" },
      // Ctrl-C is for this process, which stops its children in order.
      detached: true,
    });
    // Writing to one that is gone fails, and nothing is written.
    this.#child.stdin?.on("error", () => {});
    this.ended = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => resolve({ code, signal }));
      // Never started.
      this.#child.once("error", () => {
        if (this.#child.pid === undefined) resolve({ code: -1, signal: null });
      });
    });
    this.ready = this.#firstLine();
    this.ready.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Undefined until it serves. */
  get line(): string | undefined {
    return this.#line;
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.#child.kill(signal);
  }

  /** Asks it to end, and makes it end when it has not within `graceMs`. */
  async stop(clock: Clock, graceMs: number): Promise<ChildEnd> {
    this.kill("SIGTERM");
    const timer = clock.timer(graceMs, () => this.kill("SIGKILL"));
    const end = await this.ended;
    timer.cancel();
    return end;
  }

  async #firstLine(): Promise<string> {
    const stdout = this.#child.stdout;
    const reading = (async () => {
      if (stdout === null) return undefined;
      for await (const line of createInterface({ input: stdout })) return line;
      return undefined;
    })();
    const line = await Promise.race([reading, this.ended.then(() => undefined)]);
    if (line === undefined) throw endedEarly(this.name, await this.ended);
    this.#line = line;
    stdout?.resume();
    return line;
  }
}

function endedEarly(name: string, { code, signal }: ChildEnd): PondError {
  return new PondError("PROCESS_ENDED", {
    kind: "unavailable",
    message: `the process ${name} ended before it served (${signal ?? code})`,
    details: { name, code: code ?? -1 },
    hint: "its log says why",
  });
}
